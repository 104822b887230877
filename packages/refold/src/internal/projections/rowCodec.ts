import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { StoredRow } from "../../ProjectionStore.ts"
import * as View from "../../View.ts"

/** Between the rows of a view and the form in which they are stored. */
export const codec = <T extends View.Types>(view: View.View<T>) => {
  const json = Schema.toCodecJson(view.state)
  const encode = Schema.encodeUnknownResult(json)
  const decode = Schema.decodeUnknownResult(json)
  const failed = (key: string) => (error: { readonly message: string }) =>
    new View.UnreadableRow({ view: view.name, version: view.version, key, problem: error.message })
  return {
    encode: (key: string, state: T["State"] | null): Result.Result<string | null, View.UnreadableRow> =>
      state === null
        ? Result.succeed(null)
        : Result.mapBoth(encode(state), { onFailure: failed(key), onSuccess: (value) => JSON.stringify(value) }),
    decode: ({ key, position, state }: StoredRow): Result.Result<View.Row<T["State"]>, View.UnreadableRow> =>
      state === null
        ? Result.succeed({ state: null, position })
        : Result.mapBoth(decode(JSON.parse(state)), {
          onFailure: failed(key),
          onSuccess: (state) => ({ state, position })
        })
  }
}
