/**
 * For every domain a few commands of each kind: few enough to try them all, enough for every way they may meet. Where a
 * command that changes nothing is not accepted there are three values: of two, one would be what is there already.
 */
import type { Lead } from "@refold/example-leads/Lead"
import type { BankAccount } from "./domains/bankAccount.ts"
import type { Document } from "./domains/document.ts"
import type { Invoice } from "./domains/invoice.ts"
import type { Seats } from "./domains/seats.ts"
import type { Stock } from "./domains/stock.ts"

type Commands<D extends { readonly decide: (command: never, state: never) => unknown }> = ReadonlyArray<
  Parameters<D["decide"]>[0]
>

/** All of these with all of those. */
const each = <A, B, C>(as: ReadonlyArray<A>, bs: ReadonlyArray<B>, f: (a: A, b: B) => C): ReadonlyArray<C> =>
  as.flatMap((a) => bs.map((b) => f(a, b)))

const amounts = [1, 2, 3]

export const bankAccount: Commands<typeof BankAccount> = [
  ...each(["ann", "bob"], [0, 2], (owner, limit) => ({ _tag: "Open", owner, limit }) as const),
  ...amounts.map((cents) => ({ _tag: "Deposit", cents }) as const),
  ...amounts.map((cents) => ({ _tag: "Withdraw", cents }) as const),
  ...[0, 1, 2, 4].map((limit) => ({ _tag: "ChangeLimit", limit }) as const),
  { _tag: "Close" }
]

const skus = ["hat", "cap", "tie"]

export const invoice: Commands<typeof Invoice> = [
  { _tag: "Create", customer: "ann" },
  { _tag: "Create", customer: "bob" },
  ...each(skus, amounts, (sku, quantity) => ({ _tag: "AddLine", sku, quantity }) as const),
  ...each(skus, amounts, (sku, quantity) => ({ _tag: "ChangeQuantity", sku, quantity }) as const),
  ...skus.map((sku) => ({ _tag: "RemoveLine", sku }) as const),
  ...each(skus, skus, (sku, by) => ({ _tag: "ReplaceArticle", sku, by }) as const),
  { _tag: "Issue" },
  { _tag: "Delete" }
]

const orders = ["x", "y"]

export const stock: Commands<typeof Stock> = [
  ...amounts.map((quantity) => ({ _tag: "Receive", quantity }) as const),
  ...each(orders, amounts, (order, quantity) => ({ _tag: "Reserve", order, quantity }) as const),
  ...orders.map((order) => ({ _tag: "Release", order }) as const),
  ...orders.map((order) => ({ _tag: "Ship", order }) as const),
  ...[0, ...amounts].map((onHand) => ({ _tag: "Count", onHand }) as const)
]

const places = ["A1", "A2", "A3"] as const
const guests = ["ann", "bob", "cy"]

export const seats: Commands<typeof Seats> = [
  ...each(places, guests, (seat, guest) => ({ _tag: "Book", seat, guest }) as const),
  ...each(places, guests, (seat, guest) => ({ _tag: "BookTogether", seat, next: "A2", guest }) as const),
  ...places.map((seat) => ({ _tag: "Cancel", seat }) as const),
  ...guests.map((guest) => ({ _tag: "JoinWaitlist", guest }) as const),
  { _tag: "CloseSales" }
]

const ids = ["intro", "body", "end"]
const texts = ["x", "y"]

export const document: Commands<typeof Document> = [
  ...texts.map((title) => ({ _tag: "ChangeTitle", title }) as const),
  ...each(ids, texts, (id, text) => ({ _tag: "AddSection", id, text }) as const),
  ...each(ids, texts, (id, text) => ({ _tag: "EditSection", id, text }) as const),
  ...each(ids, [0, 1, 2], (id, to) => ({ _tag: "MoveSection", id, to }) as const),
  ...each(ids, ids, (id, into) => ({ _tag: "MergeSections", id, into }) as const),
  ...ids.map((id) => ({ _tag: "DeleteSection", id }) as const)
]

const people = [
  { name: "Ann", email: "ann@example.org", phone: "12345" },
  { name: "Bob", email: "bob@example.org", phone: "54321" },
  { name: "Cy", email: "cy@example.org", phone: "13524" }
]

export const leads: Commands<typeof Lead> = [
  ...people.map((person) => ({ _tag: "InitializeLead", ...person }) as const),
  ...people.map(({ name }) => ({ _tag: "ChangeName", name }) as const),
  ...people.map(({ email, phone }) => ({ _tag: "ChangeContactInfo", email, phone }) as const),
  ...(["Available", "FollowUp", "Closed", "Converted"] as const).map((status) =>
    ({ _tag: "ChangeStatus", status }) as const
  ),
  ...["2026-12-01", "2026-12-02"].map((on) => ({ _tag: "SetFollowup", on }) as const)
]
