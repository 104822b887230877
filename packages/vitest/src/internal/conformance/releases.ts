import * as Schema from "effect/Schema"
import * as Aggregate from "refold/Aggregate"
import type { SnapshotOptions } from "refold/Snapshots"
import * as Upcast from "refold/Upcast"

/** An account as it was first released. Every call makes one that shares nothing in the process with others. */
export const makeOld = (category: string, snapshots?: SnapshotOptions) =>
  Aggregate.make(category, {
    command: Schema.TaggedUnion({
      Deposit: { amount: Schema.Finite },
      Move: { street: Schema.String },
      Rename: { name: Schema.String }
    }),
    event: Schema.TaggedUnion({
      Deposited: { amount: Schema.Finite },
      Moved: { street: Schema.String },
      Renamed: { name: Schema.String }
    }),
    state: Schema.Array(Schema.String),
    initial: [],
    decide: (command) =>
      command._tag === "Deposit"
        ? [{ _tag: "Deposited", amount: command.amount }]
        : command._tag === "Move"
        ? [{ _tag: "Moved", street: command.street }]
        : [{ _tag: "Renamed", name: command.name }],
    evolve: (seen, { _tag, ...fields }) => [...seen, `${_tag} ${Object.values(fields).join(" ")}`],
    conflicts: "commutes",
    snapshots
  })

/**
 * The account of today: deposits are in cents and have a currency, and there are no moves any more, only changes of an
 * address. A deposit collides with one in another currency.
 */
export const makeNew = (category: string, snapshots?: SnapshotOptions) =>
  Aggregate.make(category, {
    command: Schema.TaggedUnion({
      Deposit: { cents: Schema.Int, currency: Schema.String },
      ChangeAddress: { lines: Schema.Array(Schema.String) },
      Rename: { name: Schema.String }
    }),
    event: Schema.TaggedUnion({
      Deposited: { cents: Schema.Int, currency: Schema.String },
      AddressChanged: { lines: Schema.Array(Schema.String) },
      Renamed: { name: Schema.String }
    }),
    earlier: {
      Deposited: Upcast
        .from(1, { amount: Schema.Finite })
        .toCurrent(2, ({ amount }) => ({ cents: amount * 100, currency: "EUR" }))
    },
    retired: {
      Moved: Upcast.from(1, { street: Schema.String }).becomes("AddressChanged", ({ street }) => ({ lines: [street] }))
    },
    state: Schema.Array(Schema.String),
    initial: [],
    decide: (command) => {
      switch (command._tag) {
        case "Deposit":
          return [{ _tag: "Deposited", cents: command.cents, currency: command.currency }]
        case "ChangeAddress":
          return [{ _tag: "AddressChanged", lines: command.lines }]
        case "Rename":
          return [{ _tag: "Renamed", name: command.name }]
      }
    },
    evolve: (seen, { _tag, ...fields }) => [...seen, `${_tag} ${Object.values(fields).join(" ")}`],
    conflicts: {
      Deposited: { collides: { Deposited: (mine, theirs) => mine.currency !== theirs.currency } },
      AddressChanged: { collides: ["AddressChanged"] },
      Renamed: { redecides: ["Renamed"] }
    },
    snapshots
  })

export const deposit = (cents: number, currency = "EUR") => ({ _tag: "Deposit" as const, cents, currency })
export const depositOld = (amount: number) => ({ _tag: "Deposit" as const, amount })
export const changeAddress = (...lines: ReadonlyArray<string>) => ({ _tag: "ChangeAddress" as const, lines })
export const move = (street: string) => ({ _tag: "Move" as const, street })
export const rename = (name: string) => ({ _tag: "Rename" as const, name })
