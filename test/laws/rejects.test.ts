/** Who comes second is told by the domain, where it rejects: then a table need not have the two collide. */
import { assert, it } from "@effect/vitest"
import { Lead } from "@refold/example-leads/Lead"
import * as AggregateLaws from "@refold/vitest/AggregateLaws"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Aggregate, Conflicts } from "refold"
import { Seats } from "./domains/seats.ts"

const Member = Schema.Literals(["ann", "bob"])

/** A book that is lent to one at a time, and has a shelf mark that anybody may change. */
const Book = Aggregate.make("Book", {
  command: Schema.TaggedUnion({ Borrow: { member: Member }, Return: {}, Mark: { mark: Schema.String } }),
  event: Schema.TaggedUnion({ Borrowed: { member: Member }, Returned: {}, Marked: { mark: Schema.String } }),
  state: Schema.Struct({ borrower: Schema.NullOr(Member), mark: Schema.String }),
  initial: { borrower: null, mark: "" },
  decide: (command, { borrower }) => {
    switch (command._tag) {
      case "Borrow":
        return borrower === null ? [{ _tag: "Borrowed", member: command.member }] : Result.fail("lent" as const)
      case "Return":
        return borrower === null ? [] : [{ _tag: "Returned" }]
      case "Mark":
        return [{ _tag: "Marked", mark: command.mark }]
    }
  },
  evolve: (book, event) => {
    switch (event._tag) {
      case "Borrowed":
        return { ...book, borrower: event.member }
      case "Returned":
        return { ...book, borrower: null }
      case "Marked":
        return { ...book, mark: event.mark }
    }
  },
  conflicts: "commutes"
})

const rejecting = ({ pairs }: AggregateLaws.Suggestion) =>
  pairs.filter(({ rejects }) => rejects).map(({ mine, theirs }) => `${mine} after ${theirs}`)

it.effect("a suggestion says where redecides would do, and there it does", () =>
  Effect.gen(function*() {
    const suggestion = yield* AggregateLaws.suggest(Book)
    assert.deepStrictEqual(rejecting(suggestion), ["Borrowed after Borrowed"])
    assert.include(
      suggestion.table,
      `Borrowed: { collides: ["Borrowed"] }, // rejected if decided again, so redecides would do: Borrowed;`
    )
    const relaxed: typeof Book = {
      ...Book,
      conflicts: Conflicts.make(Book.conflicts.tags, {
        Borrowed: { redecides: ["Borrowed"] },
        Returned: { redecides: ["Returned"] },
        Marked: { collides: ["Marked"] }
      })
    }
    const { stricter } = yield* AggregateLaws.check(relaxed)
    assert.deepStrictEqual(stricter, [])
  }))

it.effect("who has overlooked it is told of both ways out, and where nobody would be told, of one", () =>
  Effect.gen(function*() {
    const { broken } = yield* Effect.flip(AggregateLaws.check(Book))
    const about = (tag: string) =>
      broken.find(({ explanation }) => explanation.startsWith(`${tag} `))?.explanation ?? ""
    assert.include(about("Borrowed"), `declare  Borrowed: { collides: ["Borrowed"] }, and Ann is told`)
    assert.include(
      about("Borrowed"),
      `declare  Borrowed: { redecides: ["Borrowed"] }, if it is enough that Ann is told of the rejection`
    )
    assert.include(about("Marked"), `declare  Marked: { collides: ["Marked"] }, and Ann is told`)
    assert.notInclude(about("Marked"), "redecides")
  }))

it.effect("it is said of the seats of a theatre, and of leads", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual(rejecting(yield* AggregateLaws.suggest(Seats)), [
      "SeatBooked after SeatBooked",
      "WaitlistJoined after SeatBooked"
    ])
    assert.deepStrictEqual(rejecting(yield* AggregateLaws.suggest(Lead)), ["LeadInitialized after LeadInitialized"])
  }))
