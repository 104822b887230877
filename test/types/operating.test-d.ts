import type * as PgClient from "@effect/sql-pg/PgClient"
import { RebuildProgress } from "@refold/cli"
import { PgArchive, type PgLog } from "@refold/sql-pg"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import type * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { type EventStore, Projection, type ProjectionStore, Rebuild } from "refold"
import type { EventStoreError } from "refold/EventStoreError"
import { describe, expectTypeOf, test } from "vitest"
import { Lead } from "./fixtures.ts"

class NoMail extends Data.TaggedError("NoMail")<{}> {}
class Mailer extends Context.Service<Mailer, { readonly send: Effect.Effect<void, NoMail> }>()("Mailer") {}

const mails = Projection.make("mails", {
  version: 2,
  from: [Lead],
  handle: () => Projection.sideEffect(Mailer.use(({ send }) => send))
})

describe("operating", () => {
  test("a rebuild fails as its handler does, and needs what that needs", () => {
    const rebuild = Rebuild.rebuild(mails, { partitions: 4, eventsPerSecond: 1_000, maxLag: "10 seconds" })
    expectTypeOf(rebuild).toEqualTypeOf<
      Stream.Stream<
        Rebuild.Progress,
        NoMail | ProjectionStore.PartitionsDiffer | EventStoreError,
        Mailer | EventStore.EventStore | ProjectionStore.ProjectionStore
      >
    >()
    const shown = RebuildProgress.show(rebuild)
    expectTypeOf<Extract<Effect.Error<typeof shown>, PlatformError | NoMail>>().toEqualTypeOf<PlatformError | NoMail>()
    expectTypeOf<Extract<Effect.Services<typeof shown>, Stdio.Stdio | Mailer>>().toEqualTypeOf<Stdio.Stdio | Mailer>()
  })

  test("a rebuild does not go on behind an event that failed", () => {
    // @ts-expect-error there is nothing to choose
    Rebuild.rebuild(mails, { onFailure: "skip" })
  })

  test("an archive is a stream of lines, and fails to be read as the lines do", () => {
    expectTypeOf(PgArchive.toLines()).toEqualTypeOf<Stream.Stream<string, EventStoreError, PgClient.PgClient>>()
    expectTypeOf(PgArchive.fromLines(Stream.fail(new NoMail()))).toEqualTypeOf<
      Effect.Effect<
        number,
        NoMail | PgArchive.StoreNotEmpty | PgArchive.DamagedArchive | EventStoreError,
        PgClient.PgClient
      >
    >()
  })

  test("the data of a stored event is unknown", () => {
    expectTypeOf<PgLog.StoredEvent["data"]>().toBeUnknown()
  })
})
