import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type { EventSource } from "../../EventSource.ts"
import type { EventStoreDriver } from "../../EventStoreDriver.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import { tenantFor } from "./naming.ts"
import { wholeNumber } from "./reading.ts"

/** How many events one statement removes at most. */
const pageSize = 1_000

/** Removes events, some at a time. */
export const make = (driver: EventStoreDriver) =>
  Effect.fnUntraced(function*(
    { category }: EventSource,
    ids: ReadonlyArray<string>,
    options: { readonly upTo?: number | undefined } = {}
  ): Effect.fn.Return<number, EventStoreError> {
    const tenant = yield* tenantFor(category)
    const upTo = yield* wholeNumber("upTo", options.upTo ?? Number.MAX_SAFE_INTEGER, 0)
    let removed = 0
    for (const page of Arr.chunksOf(new Set(ids.map((id) => id.toLowerCase())), pageSize)) {
      removed += yield* driver.discard({ tenant, category, ids: page, upTo })
    }
    return removed
  })
