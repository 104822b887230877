import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import type { Tagged } from "refold/Decider"
import * as Dice from "./dice.ts"
import { mapLeaves } from "./leaves.ts"
import { show } from "./show.ts"
import type { Subject } from "./subject.ts"

/** Commands to choose from, by their tag. */
export type Material = ReadonlyMap<string, ReadonlyArray<Tagged>>

/** Why there is nothing to choose from. */
export interface NoMaterial {
  readonly tag: string
  readonly reason: string
}

const sizes = [8, 3, 1, 0]
const ofEachSize = 25

/** Draws them in bulk, before the first history: what comes from a schema takes its time. */
export const gather = Effect.fnUntraced(function*(
  subject: Subject,
  given: Readonly<Record<string, Arbitrary.Arbitrary<Tagged> | undefined>>,
  seed: string | number
): Effect.fn.Return<Material, NoMaterial> {
  const material = new Map<string, ReadonlyArray<Tagged>>()
  const dice = Dice.make(`${seed} numbers`)
  for (const tag of subject.commandTags) {
    const arbitrary = given[tag] ?? (yield* derived(subject, tag))
    const drawn: Array<Tagged> = []
    for (const size of sizes) {
      const some = yield* Arbitrary.sampleEffect(arbitrary, {
        count: ofEachSize,
        size,
        seed: `${seed} ${tag} ${size}`,
        maxDiscards: drawn.length === 0 ? 50_000 : 1000
        // small values may not be long enough for a pattern, and the large ones still be there
      }).pipe(Effect.catch(() => Effect.succeed([])))
      drawn.push(...some.map((command) => given[tag] === undefined ? tamed(subject, dice, command) : plain(command)))
    }
    if (drawn.length === 0) return yield* Effect.fail({ tag, reason: `its schema refuses all that is drawn from it` })
    material.set(tag, drawn)
  }
  return material
})

const derived = (subject: Subject, tag: string): Effect.Effect<Arbitrary.Arbitrary<Tagged>, NoMaterial> =>
  Effect.try({
    try: () => Arbitrary.schema(subject.commandOf(tag)) as Arbitrary.Arbitrary<Tagged>,
    catch: (error) => ({ tag, reason: error instanceof Error ? error.message : show(error) })
  })

/** Everything is an object as one writes it down; those that come from a schema may have no prototype. */
const plain = (command: Tagged): Tagged => mapLeaves(command, ({ value }) => value) as Tagged

/**
 * Numbers are whole and small where the schema lets them be: amounts should meet, and what rounding does to the order of
 * two additions is not what is looked for. Nor are backslashes: where one has been a key in JSON, V8 reads others like "\n"
 * as one, in Node.js 24 and 26.
 */
const tamed = (subject: Subject, dice: Dice.Dice, command: Tagged): Tagged => {
  const tame = mapLeaves(command, ({ value }) => {
    if (typeof value === "string") return value.replaceAll("\\", "/")
    return typeof value === "number" && (!Number.isSafeInteger(value) || Math.abs(value) > 1000)
      ? dice.below(20)
      : value
  }) as Tagged
  return subject.isCommand(tame) ? tame : plain(command)
}
