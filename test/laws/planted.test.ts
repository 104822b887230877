/** Faults that were planted, each to be found and called by its name. */
import { assert, describe, it } from "@effect/vitest"
import * as AggregateLaws from "@refold/vitest/AggregateLaws"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Aggregate from "refold/Aggregate"
import { account, type Command, conflicts, decide, type Event, evolve, initial, type State } from "./account.ts"

const seeds = [1, 2, 3]

/** What is found, for several seeds, as `law: headline`. */
const found = Effect.fnUntraced(function*(
  make: () => ReturnType<typeof account>,
  options?: Omit<AggregateLaws.Options<TypesOf>, "seed">
) {
  const found: Array<ReadonlyArray<string>> = []
  for (const seed of seeds) {
    const { broken } = yield* Effect.flip(AggregateLaws.check(make(), { histories: 150, ...options, seed }))
    found.push(broken.map(({ headline, law }) => `${law}: ${headline}`))
  }
  return found
})

type TypesOf = ReturnType<typeof account> extends Aggregate.Aggregate<infer T> ? T : never

const finds = (
  name: string,
  make: () => ReturnType<typeof account>,
  expected: string | RegExp,
  options?: Omit<AggregateLaws.Options<TypesOf>, "seed">
) =>
  it.live(name, () =>
    Effect.map(found(make, options), (all) => {
      for (const headlines of all) {
        assert.strictEqual(headlines.length, 1, headlines.join("\n"))
        if (typeof expected === "string") assert.strictEqual(headlines[0], expected)
        else assert.match(headlines[0] ?? "", expected)
      }
    }))

const deciding = (change: (command: Command, state: State) => ReturnType<typeof decide> | undefined) => () =>
  account({ decide: (command, state) => change(command, state) ?? decide(command, state) })

const evolving = (change: (state: State, event: Event) => State | undefined) => () =>
  account({ evolve: (state, event) => change(state, event) ?? evolve(state, event) })

it.live("nothing is found where nothing was planted", () =>
  Effect.gen(function*() {
    for (const seed of seeds) {
      yield* AggregateLaws.check(account(), { seed, histories: 150, invariant: ({ balance }) => balance >= 0 })
    }
  }))

describe("in the conflict table", () => {
  finds(
    "an evolve that depends on the order of two events",
    () =>
      account({
        evolve: (state, event) =>
          event._tag === "Deposited"
            ? { ...evolve(state, event), notes: [...state.notes, event.note] }
            : evolve(state, event)
      }),
    "commutes: Deposited is declared to commute with Deposited, but the order matters."
  )

  finds(
    "a decision that is another one after the other event",
    () => account({ conflicts: { ...conflicts, Renamed: { collides: ["Opened", "Renamed"] } } }),
    "commutes: Renamed is declared to commute with Closed, but it would not be decided like that after it."
  )

  finds(
    "a collision that is declared in one direction only",
    () =>
      account({
        evolve: (state, event) =>
          event._tag === "Deposited" ? { ...evolve(state, event), owner: event.note } : evolve(state, event),
        conflicts: {
          ...conflicts,
          Renamed: { collides: ["Opened", "Renamed", "Deposited"], redecides: ["Closed"] },
          Deposited: { collides: ["Opened", "Deposited"], redecides: ["Closed"] }
        }
      }),
    "commutes: Deposited is declared to commute with Renamed, but the order matters."
  )

  finds(
    "a redecides that ought to collide",
    () => account({ conflicts: { ...conflicts, Renamed: { collides: ["Opened"], redecides: ["Renamed", "Closed"] } } }),
    "redecides: Renamed is declared to redecide after Renamed, but deciding again does not notice that the order matters."
  )

  finds(
    "an invariant that only two together break",
    () => account({ conflicts: { ...conflicts, Withdrawn: { collides: ["Opened"], redecides: ["Closed"] } } }),
    "invariant: Withdrawn is declared to commute with Withdrawn, but together they break the invariant.",
    { invariant: ({ balance }) => balance >= 0 }
  )
})

it.live("amounts that add up are shown as small as they get", () =>
  Effect.gen(function*() {
    const careless = account({
      conflicts: { ...conflicts, Withdrawn: { collides: ["Opened"], redecides: ["Closed"] } }
    })
    for (const seed of seeds) {
      const { message } = yield* Effect.flip(AggregateLaws.check(careless, { seed, histories: 150 }))
      assert.match(
        message,
        /\nAfter\n {2}Open \{ owner: "" \}\n {2}Deposit \{ amount: 1, note: "" \}\nthe bank account is /
      )
      assert.include(
        message,
        "  Bob:  Withdraw { amount: 1 }  →  Withdrawn { amount: 1 }\n  Ann:  Withdraw { amount: 1 }"
      )
    }
  }))

describe("in decide", () => {
  finds(
    "an overdraft that the invariant forbids",
    deciding((command, state) =>
      command._tag === "Withdraw" && state.status === "open"
        ? Result.succeed([{ _tag: "Withdrawn", amount: command.amount }])
        : undefined
    ),
    "invariant: The invariant does not hold in a state that commands lead to, one after the other.",
    {
      invariant: ({ balance }) => balance >= 0
    }
  )

  finds(
    "a look at the clock",
    deciding((command) => command._tag === "Rename" && Date.now() < 0 ? Result.succeed([]) : undefined),
    "pure: decide(Rename) reads the clock: Date.now()."
  )

  finds(
    "a new date",
    deciding((command, { status }) =>
      command._tag === "Deposit" && status === "open"
        ? Result.succeed([{ _tag: "Deposited", amount: command.amount, note: new Date().toISOString() }])
        : undefined
    ),
    "pure: decide(Deposit) reads the clock: new Date()."
  )

  finds(
    "a throw of dice",
    deciding((command, { status }) =>
      command._tag === "Deposit" && status === "open"
        ? Result.succeed([{ _tag: "Deposited", amount: command.amount, note: `${Math.random()}` }])
        : undefined
    ),
    "pure: decide(Deposit) reads chance: Math.random()."
  )

  finds(
    "an id that is made up",
    deciding((command, { status }) =>
      command._tag === "Deposit" && status === "open"
        ? Result.succeed([{ _tag: "Deposited", amount: command.amount, note: crypto.randomUUID() }])
        : undefined
    ),
    "pure: decide(Deposit) reads chance: crypto.randomUUID()."
  )

  finds("a counter that is hidden beside it", () => {
    let count = 0
    return deciding((command, { status }) =>
      command._tag === "Deposit" && status === "open"
        ? Result.succeed([{ _tag: "Deposited", amount: command.amount, note: `${++count}` }])
        : undefined
    )()
  }, "pure: decide(Deposit) does not give the same answer twice.")

  finds("a memory of what was asked before", () => {
    const names = new Set<string>()
    return deciding((command, { status }) => {
      if (command._tag !== "Rename" || status !== "open") return undefined
      if (names.has(command.owner)) return Result.succeed([])
      names.add(command.owner)
      return undefined
    })()
  }, "pure: decide(Rename) does not give the same answer twice.")

  finds(
    "a throw where there should be a rejection",
    deciding((command, { balance }) => {
      if (command._tag === "Withdraw" && balance > 0 && command.amount > balance) throw new Error("not enough")
      return undefined
    }),
    "total: decide(Withdraw) throws."
  )

  finds(
    "a state that is changed",
    deciding((command, state) => {
      if (command._tag === "Rename" && state.status === "open") Object.assign(state, { owner: command.owner })
      return undefined
    }),
    "untouched: decide(Rename) changes the state it is given."
  )

  finds(
    "a command that is changed",
    deciding((command) => {
      if (command._tag === "Deposit") Object.assign(command, { note: command.note.trim() })
      return undefined
    }),
    "untouched: decide(Deposit) changes the command it is given."
  )

  finds(
    "a command that is never accepted",
    deciding((command) => command._tag === "Rename" ? Result.succeed([]) : undefined),
    /^coverage: Renamed never happened/
  )

  it.live("a command that is refused always, and so has no events", () =>
    Effect.map(
      found(
        deciding((command, state) => command._tag === "Rename" ? decide(command, initial) : decide(command, state))
      ),
      (all) => {
        for (const headlines of all) {
          assert.match(headlines[0] ?? "", /^coverage: Rename was never accepted: tried [\d]+ times\./)
          assert.match(headlines[1] ?? "", /^coverage: Renamed never happened/)
        }
      }
    ))
})

describe("in evolve", () => {
  finds(
    "a state that is changed",
    evolving((state, event) => {
      if (event._tag !== "Deposited") return undefined
      const notes: Array<string> = state.notes as Array<string>
      notes.push(event.note)
      return { ...state, balance: state.balance + event.amount }
    }),
    "untouched: evolve(Deposited) changes the state it is given."
  )

  finds(
    "an event that is changed",
    evolving((_, event) => {
      if (event._tag === "Renamed") Object.assign(event, { owner: `${event.owner}!` })
      return undefined
    }),
    "untouched: evolve(Renamed) changes the event it is given."
  )

  finds(
    "a throw, as it is not total",
    evolving((state, event) => {
      if (event._tag === "Withdrawn" && state.balance === event.amount) throw new RangeError("empty")
      return undefined
    }),
    "total: evolve(Withdrawn) throws."
  )

  finds(
    "a look at the clock",
    evolving((state, event) =>
      event._tag === "Opened" ? { ...evolve(state, event), notes: [`${performance.now()}`] } : undefined
    ),
    "pure: evolve(Opened) reads the clock: performance.now()."
  )

  finds("a counter that is hidden beside it", () => {
    let count = 0
    return evolving((state, event) =>
      event._tag === "Opened" ? { ...evolve(state, event), notes: [`${++count}`] } : undefined
    )()
  }, "pure: evolve(Opened) does not give the same answer twice.")

  finds("states that are told apart by identity", () => {
    let last: State = initial
    return evolving((state, event) => {
      const here = evolve(state, event)
      if (event._tag === "Opened") last = here
      return event._tag === "Renamed" && state === last ? { ...here, notes: ["at once"] } : here
    })()
  }, /^(replay|pure|commutes): /)

  finds(
    "a state that its schema does not know",
    evolving((state, event) =>
      event._tag === "Renamed" ? { ...evolve(state, event), renamed: true } as State : undefined
    ),
    "survives: A state does not survive being written down and read again."
  )
})

describe("in the schemas", () => {
  finds(
    "an event that does not survive encoding",
    deciding((command, { status }) =>
      command._tag === "Rename" && status === "open"
        ? Result.succeed([Object.assign({ _tag: "Renamed" as const, owner: command.owner }, { by: "me" })])
        : undefined
    ),
    "survives: The event Renamed does not survive being written down and read again."
  )

  it.live("commands that cannot be drawn", () =>
    Effect.gen(function*() {
      const Narrow = Aggregate.make("Narrow", {
        command: Schema.TaggedUnion({ Go: { to: Schema.String.check(Schema.makeFilter((to) => to === "Rome")) } }),
        event: Schema.TaggedUnion({ Went: {} }),
        state: Schema.Int,
        initial: 0,
        decide: (_command: { readonly _tag: "Go"; readonly to: string }) => [{ _tag: "Went" } as const],
        evolve: (count) => count + 1,
        conflicts: "commutes"
      })
      const { broken } = yield* Effect.flip(AggregateLaws.check(Narrow))
      assert.match(broken[0]?.headline ?? "", /^There are no commands Go to try/)
      const go = Arbitrary.Constant({ _tag: "Go", to: "Rome" } as const)
      yield* AggregateLaws.check(Narrow, { commands: { Go: go } })
    }))
})
