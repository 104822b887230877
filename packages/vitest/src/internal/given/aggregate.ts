import * as Equal from "effect/Equal"
import type { Aggregate } from "refold/Aggregate"
import * as Decider from "refold/Decider"
import type { RecordedEvent } from "refold/RecordedEvent"
import * as Rehearsal from "refold/Rehearsal"
import type { Given, When, WhenOptions } from "../../Given.ts"
import * as Expectations from "./expectations.ts"
import * as Outcomes from "./outcome.ts"
import { record, streamOf } from "./recording.ts"
import { type Caller, refuseToBeAwaited, Unexpected } from "./Unexpected.ts"
import { inWords, shown } from "./words.ts"

/** What has happened, and how to tell it. */
interface Scene<T extends Decider.Types> {
  readonly aggregate: Aggregate<T>
  readonly history: ReadonlyArray<RecordedEvent<T["Event"]>>
  readonly story: ReadonlyArray<string>
}

export const given = <T extends Decider.Types>(
  aggregate: Aggregate<T>,
  events: ReadonlyArray<T["Event"]>
): Given<T> => {
  const list = events.length === 0 ? ["  nothing"] : events.map((event, index) => `  ${index + 1}. ${inWords(event)}`)
  const scene = happen({ aggregate, history: [], story: ["given", ...list] }, events)
  // a test that returns it asserts nothing, and is not to pass
  return awaitable(open(scene), (first: unknown) => refuseToBeAwaited(aggregate.category, first))
}

/** With a `then`, which is no promise's: it refuses to be awaited. */
// oxlint-disable-next-line unicorn/no-thenable
const awaitable = <A extends object, Then>(self: A, then: Then): A & { readonly then: Then } => ({ ...self, then })

const happen = <T extends Decider.Types>(
  { aggregate, history, story }: Scene<T>,
  events: ReadonlyArray<T["Event"]>
): Scene<T> => {
  const stream = streamOf(aggregate, "1")
  const recorded = events.map((event, index) => {
    const version = history.length + 1 + index
    return record(aggregate, event, { stream, version, position: version })
  })
  return { aggregate, history: [...history, ...recorded], story }
}

const open = <T extends Decider.Types>(scene: Scene<T>): Given<T> => {
  const thenState = (expected: T["State"]) => {
    assertState(scene, expected, thenState)
    return open(scene)
  }
  return { when: (command, options) => when(scene, command, options), thenState }
}

const assertState = <T extends Decider.Types>(
  { aggregate, history, story }: Scene<T>,
  expected: T["State"],
  caller: Caller
): void => {
  const actual = Decider.fold(aggregate, aggregate.initial, history.map(({ event }) => event))
  if (Equal.equals(actual, expected)) return
  throw new Unexpected(caller, {
    message: `the state of ${aggregate.category} is not the expected one`,
    story,
    actual,
    expected
  })
}

const when = <T extends Decider.Types>(
  scene: Scene<T>,
  command: T["Command"],
  options: WhenOptions = {}
): When<T> => {
  const { aggregate, history, story } = scene
  const { category } = aggregate
  const known = options.strict ?? options.seen
  if (known !== undefined && !(Number.isSafeInteger(known) && known >= 0 && known <= history.length)) {
    throw new Error(`given(${category}): there is no version ${known} to have seen; the stream is at ${history.length}`)
  }
  const stream = { stream: streamOf(aggregate, "1"), events: history }
  const outcome = Outcomes.outcomeOf<T>(Rehearsal.execute(aggregate, stream, command, options))
  const seeing = known === undefined ? "" : `, having seen version ${known},`
  const said = `${inWords(command)}${seeing} ${Outcomes.tell(outcome)}`
  const after = happen(
    { ...scene, story: [...story, "when", `  ${said}`] },
    outcome.is === "decided" ? outcome.events : []
  )

  const expect = ({ expected, found, wanted }: Expectations.Expectation<T>, caller: Caller): Given<T> => {
    const comparable = found(outcome)
    if (comparable !== undefined && Equal.equals(comparable.value, expected)) return open(after)
    throw new Unexpected(caller, {
      message: `${category}: ${said}; expected ${wanted}`,
      story,
      actual: comparable === undefined ? Outcomes.diffable(outcome) : shown(comparable.value),
      expected: shown(expected)
    })
  }
  /** What nobody has looked at must at least have gone through. */
  const landed = (caller: Caller): Given<T> =>
    outcome.is === "decided"
      ? open(after)
      : expect({ wanted: "it to land", expected: [], found: () => undefined }, caller)

  const andWhen: When<T>["when"] = (next, nextOptions) => landed(andWhen).when(next, nextOptions)
  const thenState: When<T>["thenState"] = (state) => {
    landed(thenState)
    assertState(after, state, thenState)
    return open(after)
  }
  const then: When<T>["then"] = (events) => {
    refuseToBeAwaited(category, events)
    return expect(Expectations.events(events), then)
  }
  const thenUnchanged: When<T>["thenUnchanged"] = () => expect(Expectations.events([]), thenUnchanged)
  const thenRejected: When<T>["thenRejected"] = (expected) => expect(Expectations.rejection(expected), thenRejected)
  const thenConflict: When<T>["thenConflict"] = (pairs) => expect(Expectations.conflict(pairs), thenConflict)
  return awaitable({ when: andWhen, thenState, thenUnchanged, thenRejected, thenConflict }, then)
}
