import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Aggregate } from "refold/Aggregate"
import { Conflict } from "refold/Conflict"
import type { Verdict } from "refold/Conflicts"
import { EventStore } from "refold/EventStore"
import * as MemoryEventStore from "refold/MemoryEventStore"
import {
  AccountCommand,
  LeadCommand,
  makeAccount,
  makeLead,
  makeSwitch,
  programs,
  SwitchCommand,
  tables,
  verdictBy
} from "./programs.ts"
import { assertSame, foretell, play, type Step, type Types } from "./races.ts"

const leads = programs(Arbitrary.schema(LeadCommand))
const leadHistory = [{ _tag: "Initialized", name: "Ann" }, { _tag: "StatusChanged", status: "Open" }] as const
const accounts = programs(Arbitrary.schema(AccountCommand))
const accountHistory = [{ _tag: "Credited", cents: 100 }] as const
const switches = programs(Arbitrary.schema(SwitchCommand))
const switchHistory = [{ _tag: "A", key: "x" }, { _tag: "B", key: "y" }] as const

const commutes = { collides: "never", redecides: "never" } as const
const redecides = { collides: "never", redecides: "always" } as const

/** A decision that would be another on the state it is placed on must be made again. */
const trueTable = {
  A: { A: redecides, B: redecides, C: redecides },
  B: { A: redecides, B: commutes, C: redecides },
  C: { A: redecides, B: redecides, C: redecides }
}

const ofItsOwn = (index: number) => index
const theSame = () => 0

const options = { arbitrary: { size: 30, maxShrinks: 2000 } }

/** Whether a program ends as it should, on a stream with this history. */
type Check = <T extends Types>(
  make: () => Aggregate<T>,
  history: ReadonlyArray<T["Event"]>,
  program: ReadonlyArray<Step<T["Command"]>>,
  verdictOf?: (mine: T["Event"], theirs: T["Event"]) => Verdict
) => Effect.Effect<void>

const inEveryDomain = (check: Check): void => {
  it.live.prop("leads, which collide", [leads], ([program]) => check(makeLead, leadHistory, program), options)

  it.live.prop(
    "accounts, which decide again",
    [accounts],
    ([program]) => check(makeAccount, accountHistory, program),
    options
  )

  it.live.prop(
    "under any table",
    [tables, switches],
    ([table, program]) => check(makeSwitch(table), switchHistory, program, verdictBy(table)),
    options
  )
}

describe("commands that race through the store, each from a process of its own, end as the conflict table says", () => {
  const check = Effect.fnUntraced(function*<T extends Types>(
    make: () => Aggregate<T>,
    history: ReadonlyArray<T["Event"]>,
    program: ReadonlyArray<Step<T["Command"]>>,
    verdictOf?: (mine: T["Event"], theirs: T["Event"]) => Verdict
  ) {
    const foretold = foretell(make(), history, program, verdictOf)
    const raced = yield* play(make, history, program, ofItsOwn)
    assertSame(history, program, ["foretold", foretold], ["raced", raced])
  })

  inEveryDomain(check)
})

describe("commands that line up in one process end as if each had come from a process of its own", () => {
  const check = Effect.fnUntraced(function*<T extends Types>(
    make: () => Aggregate<T>,
    history: ReadonlyArray<T["Event"]>,
    program: ReadonlyArray<Step<T["Command"]>>
  ) {
    const raced = yield* play(make, history, program, ofItsOwn)
    const inLine = yield* play(make, history, program, theSame)
    assertSame(history, program, ["raced", raced], ["in line", inLine])
  })

  inEveryDomain(check)

  const debit = { _tag: "Debit", cents: 100 } as const
  const credit = { _tag: "Credit", cents: 100 } as const

  it.live("a debit behind a debit and a credit decides again on both, not between them", () =>
    check(makeAccount, accountHistory, [
      { letGo: 0, command: debit },
      { letGo: 0, command: credit },
      { letGo: 0, command: debit }
    ]))

  it.live("so it does if the credit was given on an old screen", () =>
    check(makeAccount, accountHistory, [
      { letGo: 0, command: debit },
      { letGo: 0, command: credit, seen: { ago: 1, strict: false } },
      { letGo: 0, command: debit }
    ]))

  it.live("a debit given on an old screen decides again on what was there when it arrived, and a no is its answer", () =>
    check(makeAccount, accountHistory, [
      { letGo: 0, command: debit },
      { letGo: 1, command: credit },
      { letGo: 0, later: true, command: debit, seen: { ago: 1, strict: false } }
    ]))

  it.live("what is decided again meets all that was missed, as if it had been decided at first", () => {
    const make = makeSwitch({
      A: { A: commutes, B: commutes, C: commutes },
      B: { A: { collides: "never", redecides: "same" }, B: commutes, C: commutes },
      C: { A: { collides: "other", redecides: "never" }, B: commutes, C: commutes }
    })
    const program: ReadonlyArray<Step<typeof SwitchCommand.Type>> = [
      { letGo: 0, command: { _tag: "Flip", whenOn: [{ _tag: "A", key: "x" }], whenOff: null } },
      { letGo: 0, command: { _tag: "Flip", whenOn: [{ _tag: "B", key: "x" }], whenOff: [{ _tag: "C", key: "y" }] } }
    ]
    return Effect.gen(function*() {
      yield* check(make, switchHistory, program)
      const { commands } = yield* play(make, switchHistory, program, theSame)
      assert.deepStrictEqual(commands, [
        "lands A x at version 3",
        "conflicts with what came after version 2: C y with A x"
      ])
    })
  })

  // what is decided again, or asked again after a no, is decided at its turn, when others may have had theirs or not
  it.live.prop(
    "leads, whatever processes they are spread over, if nothing is decided twice",
    [
      programs(Arbitrary.schema(Schema.Union([LeadCommand.cases.ChangeName, LeadCommand.cases.SetFollowup]))),
      Arbitrary.array(Arbitrary.schema(Schema.Literals([0, 1, 2])), { minLength: 7, maxLength: 7 })
    ],
    ([program, processes]) =>
      Effect.gen(function*() {
        const history = [...leadHistory, { _tag: "FollowupSet", on: "Monday" }] as const
        const arrived = program.map((step) => ({ ...step, letGo: 0 }))
        const raced = yield* play(makeLead, history, arrived, ofItsOwn)
        const spread = yield* play(makeLead, history, arrived, (index) => processes[index]!)
        assertSame(history, arrived, ["raced", raced], ["spread", spread])
      }),
    options
  )
})

describe("commands that wait for the same stream and go together end as if each had gone alone", () => {
  const check = Effect.fnUntraced(function*<T extends Types>(
    make: () => Aggregate<T>,
    history: ReadonlyArray<T["Event"]>,
    program: ReadonlyArray<Step<T["Command"]>>
  ) {
    const arrived = program.map((step) => ({ ...step, letGo: 0, later: false }))
    const alone = yield* play(make, history, arrived, ofItsOwn)
    for (const commandsPerAppend of [2, 100]) {
      const together = yield* play(make, history, arrived, theSame, { cachedStates: 0, commandsPerAppend })
      assertSame(history, arrived, ["alone", alone], [`up to ${commandsPerAppend} together`, together])
    }
  })

  inEveryDomain(check)
})

describe("commands on remembered states end as if the states had been loaded", () => {
  const processes = Arbitrary.array(Arbitrary.schema(Schema.Literals([0, 1])), { minLength: 7, maxLength: 7 })
  const check = Effect.fnUntraced(function*<T extends Types>(
    make: () => Aggregate<T>,
    history: ReadonlyArray<T["Event"]>,
    program: ReadonlyArray<Step<T["Command"]>>,
    spread: ReadonlyArray<number>
  ) {
    const inTurn = program.map((step) => ({ ...step, letGo: 99 }))
    const foretold = foretell(make(), history, inTurn)
    for (const commandsPerAppend of [1, 100]) {
      const tuning = { cachedStates: 1, commandsPerAppend }
      const remembered = yield* play(make, history, inTurn, (index) => spread[index]!, tuning)
      assertSame(history, inTurn, ["foretold", foretold], ["on remembered states", remembered])
    }
  })

  it.live.prop(
    "leads, which collide",
    [leads, processes],
    ([program, spread]) => check(makeLead, leadHistory, program, spread),
    options
  )

  it.live.prop(
    "accounts, which decide again",
    [accounts, processes],
    ([program, spread]) => check(makeAccount, accountHistory, program, spread),
    options
  )

  it.live.prop(
    "under any table that is true",
    [switches, processes],
    ([program, spread]) => check(makeSwitch(trueTable), switchHistory, program, spread),
    options
  )
})

it.live("a command that finds nobody in line knows what other processes have appended", () =>
  Effect.gen(function*() {
    const here = makeLead()
    const elsewhere = makeLead()
    yield* here.execute("1", { _tag: "Initialize", name: "Ann" })
    yield* elsewhere.execute("1", { _tag: "ChangeStatus", status: "Closed" })
    const { events, missed } = yield* here.execute("1", { _tag: "ChangeStatus", status: "Open" })
    assert.deepStrictEqual([events.length, missed.length], [1, 0])
  }).pipe(Effect.provide(MemoryEventStore.layer)))

describe("a command in line is not answered with what was true before it was given", () => {
  /**
   * The first command is under way in this process when the second lands through another; only then the third is given
   * to this one. The first lands, or is given up. How does the third end?
   */
  const behind = Effect.fnUntraced(function*<T extends Types>(
    make: () => Aggregate<T>,
    history: ReadonlyArray<T["Event"]>,
    first: T["Command"],
    second: T["Command"],
    third: T["Command"],
    ending: "lands" | "is given up"
  ) {
    const store = yield* EventStore
    const held = yield* Deferred.make<void>()
    const opened = yield* Deferred.make<void>()
    const slow: EventStore["Service"] = {
      ...store,
      append: (source, id, events, options) =>
        Deferred.succeed(held, undefined).pipe(
          Effect.andThen(Deferred.await(opened)),
          Effect.andThen(store.append(source, id, events, options))
        )
    }
    const here = make()
    const elsewhere = make()
    const give = (command: T["Command"]) =>
      here.execute("1", command).pipe(
        Effect.provideService(EventStore, slow),
        Effect.result,
        Effect.ensuring(Deferred.succeed(held, undefined)),
        Effect.forkChild({ startImmediately: true })
      )
    yield* store.append(elsewhere, "1", history)
    const underWay = yield* give(first)
    yield* Deferred.await(held)
    yield* elsewhere.execute("1", second)
    const inLine = yield* give(third)
    if (ending === "is given up") yield* Fiber.interrupt(underWay)
    yield* Deferred.succeed(opened, undefined)
    yield* Fiber.await(underWay)
    return yield* Fiber.join(inLine)
  }, Effect.provide(MemoryEventStore.layer))

  for (const ending of ["lands", "is given up"] as const) {
    it.live(`there is enough on an account that was credited through another process, if the one ahead ${ending}`, () =>
      Effect.gen(function*() {
        const credit = { _tag: "Credit", cents: 100 } as const
        const result = yield* behind(makeAccount, [], credit, credit, { _tag: "Debit", cents: 100 }, ending)
        assert.isTrue(Result.isSuccess(result))
      }))

    it.live(`a lead closed through another process is not taken to be open already, if the one ahead ${ending}`, () =>
      Effect.gen(function*() {
        const rename = { _tag: "ChangeName", name: "Bea" } as const
        const close = { _tag: "ChangeStatus", status: "Closed" } as const
        const open = { _tag: "ChangeStatus", status: "Open" } as const
        const result = yield* behind(makeLead, leadHistory, rename, close, open, ending)
        if (Result.isSuccess(result)) assert.isNotEmpty(result.success.events)
        else assert.instanceOf(result.failure, Conflict)
      }))
  }
})
