/** The seats of one evening, and those who wait for one. */
import * as Schema from "effect/Schema"
import { Aggregate } from "refold"
import { refuse } from "./Refused.ts"

const Seat = Schema.Literals(["A1", "A2", "A3", "B1", "B2", "B3"])
const Guest = Schema.NonEmptyString
const sameSeat = (mine: { readonly seat: string }, theirs: { readonly seat: string }) => mine.seat === theirs.seat

export const Seats = Aggregate.make("Seats", {
  command: Schema.TaggedUnion({
    Book: { seat: Seat, guest: Guest },
    BookTogether: { seat: Seat, next: Seat, guest: Guest },
    Cancel: { seat: Seat },
    JoinWaitlist: { guest: Guest },
    CloseSales: {}
  }),
  event: Schema.TaggedUnion({
    SeatBooked: { seat: Seat, guest: Guest },
    SeatCancelled: { seat: Seat },
    WaitlistJoined: { guest: Guest },
    SalesClosed: {}
  }),
  state: Schema.Struct({
    seats: Schema.Record(Schema.String, Guest),
    waiting: Schema.Array(Guest),
    closed: Schema.Boolean
  }),
  initial: { seats: {}, waiting: [], closed: false },
  decide: (command, { closed, seats, waiting }) => {
    if (command._tag === "Cancel") {
      const { seat } = command
      if (!Object.hasOwn(seats, seat)) return refuse("nobody has this seat")
      const [next] = closed ? [] : waiting
      return next === undefined
        ? [{ _tag: "SeatCancelled", seat }]
        : [{ _tag: "SeatCancelled", seat }, { _tag: "SeatBooked", seat, guest: next }]
    }
    if (closed) return refuse("the sales are closed")
    switch (command._tag) {
      case "Book":
        return Object.hasOwn(seats, command.seat)
          ? refuse("somebody has this seat")
          : [{ _tag: "SeatBooked", seat: command.seat, guest: command.guest }]
      case "BookTogether": {
        const { guest, next, seat } = command
        if (seat === next) return refuse("that is one seat")
        return Object.hasOwn(seats, seat) || Object.hasOwn(seats, next)
          ? refuse("somebody has one of these seats")
          : [{ _tag: "SeatBooked", seat, guest }, { _tag: "SeatBooked", seat: next, guest }]
      }
      case "JoinWaitlist":
        return waiting.includes(command.guest) || Object.values(seats).includes(command.guest)
          ? refuse("who has a seat, or waits for one, need not wait")
          : [{ _tag: "WaitlistJoined", guest: command.guest }]
      case "CloseSales":
        return [{ _tag: "SalesClosed" }]
    }
  },
  evolve: (evening, event) => {
    switch (event._tag) {
      case "SeatBooked":
        return {
          ...evening,
          seats: { ...evening.seats, [event.seat]: event.guest },
          waiting: evening.waiting.filter((guest) => guest !== event.guest)
        }
      case "SeatCancelled":
        return {
          ...evening,
          seats: Object.fromEntries(Object.entries(evening.seats).filter(([seat]) => seat !== event.seat))
        }
      case "WaitlistJoined":
        return { ...evening, waiting: [...evening.waiting, event.guest] }
      case "SalesClosed":
        return { ...evening, closed: true }
    }
  },
  // What the box office says: a seat has one guest; who comes too late is told so when it is looked at again.
  conflicts: {
    SeatBooked: { collides: { SeatBooked: sameSeat }, redecides: ["SalesClosed"] },
    SeatCancelled: { redecides: { SeatCancelled: sameSeat, WaitlistJoined: true, SalesClosed: true } },
    WaitlistJoined: { redecides: ["SeatBooked", "WaitlistJoined", "SalesClosed"] },
    SalesClosed: { redecides: ["SalesClosed"] }
  }
})
