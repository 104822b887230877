import * as Arbitrary from "effect/Arbitrary"
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Aggregate from "refold/Aggregate"
import type { Named, Rule, Verdict } from "refold/Conflicts"
import type { Step } from "./races.ts"

/** Picks among a few values; listing one twice makes it twice as likely. Shrinks towards the first. */
const oneOf = <const A>(...values: ReadonlyArray<A>): Arbitrary.Arbitrary<A> =>
  Arbitrary.map(
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: values.length - 1 }))),
    (index) => values[index]!
  )

/** Short lists of commands, most of which arrive while others are under way and do not say what they have seen. */
export const programs = <Command>(command: Arbitrary.Arbitrary<Command>): Arbitrary.Arbitrary<Array<Step<Command>>> =>
  Arbitrary.array(
    Arbitrary.map(
      Arbitrary.all({
        letGo: oneOf(0, 0, 0, 1, 2),
        later: oneOf(false, true),
        command,
        ago: oneOf(0, 1, 2),
        says: oneOf("", "", "", "seen", "strict")
      }),
      ({ ago, command, later, letGo, says }) => ({
        letGo,
        later,
        command,
        ...says === "" ? {} : { seen: { ago, strict: says === "strict" } }
      })
    ),
    { minLength: 2, maxLength: 7 }
  )

const Name = Schema.Literals(["Ann", "Bea"])
const Status = Schema.Literals(["Open", "Closed"])
const Day = Schema.Literals(["Monday", "Friday"])

class LeadUnknown extends Data.TaggedError("LeadUnknown")<{}> {}
class LeadClosed extends Data.TaggedError("LeadClosed")<{}> {}

export const LeadCommand = Schema.TaggedUnion({
  ChangeName: { name: Name },
  ChangeStatus: { status: Status },
  SetFollowup: { on: Day },
  Initialize: { name: Name }
})

/** Collisions, and decisions that depend on the state: a status that is already so decides nothing. */
export const makeLead = () =>
  Aggregate.make("Lead", {
    command: LeadCommand,
    event: Schema.TaggedUnion({
      Initialized: { name: Name },
      NameChanged: { name: Name },
      StatusChanged: { status: Status },
      FollowupSet: { on: Day }
    }),
    state: Schema.Struct({ status: Schema.NullOr(Status) }),
    initial: { status: null },
    decide: (command, { status }) => {
      if (command._tag === "Initialize") return status === null ? [{ _tag: "Initialized", name: command.name }] : []
      if (status === null) return Result.fail(new LeadUnknown())
      switch (command._tag) {
        case "ChangeName":
          return [{ _tag: "NameChanged", name: command.name }]
        case "ChangeStatus":
          return status === command.status ? [] : [{ _tag: "StatusChanged", status: command.status }]
        case "SetFollowup":
          return status === "Closed" ? Result.fail(new LeadClosed()) : [{ _tag: "FollowupSet", on: command.on }]
      }
    },
    evolve: (state, event) =>
      event._tag === "Initialized"
        ? { status: "Open" }
        : event._tag === "StatusChanged"
        ? { status: event.status }
        : state,
    conflicts: {
      Initialized: "collides",
      NameChanged: { collides: ["NameChanged", "Initialized"] },
      StatusChanged: { collides: ["StatusChanged", "FollowupSet"] },
      FollowupSet: { collides: ["StatusChanged", "FollowupSet"] }
    }
  })

class InsufficientFunds extends Data.TaggedError("InsufficientFunds")<{}> {}

const Cents = Schema.Literals([50, 100])
export const AccountCommand = Schema.TaggedUnion({ Debit: { cents: Cents }, Credit: { cents: Cents } })

/** A debit that meets another decides again, and may find that there is not enough. */
export const makeAccount = () =>
  Aggregate.make("Account", {
    command: AccountCommand,
    event: Schema.TaggedUnion({ Credited: { cents: Cents }, Debited: { cents: Cents } }),
    state: Schema.Int,
    initial: 0,
    decide: (command, balance) => {
      if (command._tag === "Credit") return [{ _tag: "Credited", cents: command.cents }]
      return balance < command.cents
        ? Result.fail(new InsufficientFunds())
        : [{ _tag: "Debited", cents: command.cents }]
    },
    evolve: (balance, event) => event._tag === "Credited" ? balance + event.cents : balance - event.cents,
    conflicts: { Credited: "commutes", Debited: { redecides: ["Debited"] } }
  })

const tags = ["A", "B", "C"] as const
type Tag = typeof tags[number]

/** When a rule applies to a pair. */
type When = "never" | "always" | "same" | "other"
interface Pair {
  readonly collides: When
  readonly redecides: When
}
type Table = { readonly [Mine in Tag]: { readonly [Theirs in Tag]: Pair } }

const key = Schema.Literals(["x", "y"])
const SwitchEvent = Schema.TaggedUnion({ A: { key }, B: { key }, C: { key } })
type SwitchEvent = typeof SwitchEvent.Type

/** A pair that always collides and may also decide again would contradict itself. */
const pair = oneOf<Pair>(
  { collides: "never", redecides: "never" },
  { collides: "never", redecides: "never" },
  { collides: "never", redecides: "always" },
  { collides: "never", redecides: "always" },
  { collides: "always", redecides: "never" },
  { collides: "same", redecides: "never" },
  { collides: "other", redecides: "always" },
  { collides: "same", redecides: "other" },
  { collides: "same", redecides: "same" },
  { collides: "never", redecides: "same" }
)
const row = Arbitrary.all({ A: pair, B: pair, C: pair })
export const tables: Arbitrary.Arbitrary<Table> = Arbitrary.all({ A: row, B: row, C: row })

const applies = (when: When, mine: SwitchEvent, theirs: SwitchEvent) =>
  when === "always" || (when === "same" && mine.key === theirs.key) || (when === "other" && mine.key !== theirs.key)

/** What the table says of two events, in so many words. */
export const verdictBy = (table: Table) => (mine: SwitchEvent, theirs: SwitchEvent): Verdict => {
  const { collides, redecides } = table[mine._tag][theirs._tag]
  return applies(collides, mine, theirs) ? "collides" : applies(redecides, mine, theirs) ? "redecides" : "commutes"
}

const Plan = Schema.NullOr(Schema.Array(SwitchEvent).check(Schema.isMaxLength(2)))
export const SwitchCommand = Schema.TaggedUnion({ Flip: { whenOn: Plan, whenOff: Plan } })

class NotNow extends Data.TaggedError("NotNow")<{}> {}

/** Any table at all. A command says what it decides when the switch is on and when it is off; `null` is a rejection. */
export const makeSwitch = (table: Table) => () =>
  Aggregate.make("Switch", {
    command: SwitchCommand,
    event: SwitchEvent,
    state: Schema.Boolean,
    initial: false,
    decide: ({ whenOff, whenOn }, on) => {
      const plan = on ? whenOn : whenOff
      return plan === null ? Result.fail(new NotNow()) : plan
    },
    evolve: (on, event) => event._tag === "A" ? !on : event._tag === "B" ? on : false,
    conflicts: { A: rule(table.A), B: rule(table.B), C: rule(table.C) }
  })

const rule = (row: Table[Tag]): Rule<SwitchEvent, Tag> => ({
  collides: named(row, "collides"),
  redecides: named(row, "redecides")
})

/** As a list where that will do, and else with conditions. */
const named = (row: Table[Tag], verdict: keyof Pair): Named<SwitchEvent, Tag> => {
  const pairs = tags.filter((theirs) => row[theirs][verdict] !== "never")
  if (pairs.every((theirs) => row[theirs][verdict] === "always")) return pairs
  return Object.fromEntries(pairs.map((theirs) => {
    const when = row[theirs][verdict]
    return [theirs, when === "always" ? true : (mine: SwitchEvent, other: SwitchEvent) => applies(when, mine, other)]
  }))
}
