import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Aggregate from "refold/Aggregate"
import { EventStore } from "refold/EventStore"
import * as MemoryEventStore from "refold/MemoryEventStore"
import type { RecordedEvent } from "refold/RecordedEvent"
import * as View from "refold/View"

const Id = Schema.Literals(["1", "2"])

const Task = Aggregate.make("Task", {
  command: Schema.TaggedUnion({ Nothing: {} }),
  event: Schema.TaggedUnion({
    Added: { to: Schema.Array(Id) },
    Done: {},
    Dropped: {}
  }),
  state: Schema.Null,
  initial: null,
  decide: (_command) => [],
  evolve: (state) => state,
  conflicts: "collides"
})
const Note = Aggregate.make("Note", {
  command: Schema.TaggedUnion({ Nothing: {} }),
  event: Schema.TaggedUnion({ Noted: {} }),
  state: Schema.Null,
  initial: null,
  decide: (_command) => [],
  evolve: (state) => state,
  conflicts: "collides"
})
type TaskEvent = typeof Task.event.Type
type NoteEvent = typeof Note.event.Type
type Event = TaskEvent | NoteEvent

/** Counts everything that happened since it was last dropped, so that nothing counted twice goes unnoticed. */
const Tasks = View.make("tasks", {
  version: 1,
  from: [Task],
  state: Schema.Struct({ events: Schema.Int }),
  initial: { events: 0 },
  evolve: ({ events }, { event }) => event._tag === "Dropped" ? null : { events: events + 1 }
})

/** A row for each to whom a task was added, none for what is nobody's business. */
const Inbox = View.make("inbox", {
  version: 2,
  from: [Task, Note],
  state: Schema.Struct({ tasks: Schema.Array(Schema.String), notes: Schema.Int }),
  initial: { tasks: [], notes: 0 },
  key: ({ event, stream }) => event._tag === "Added" ? event.to : event._tag === "Noted" ? stream.id : [],
  evolve: ({ notes, tasks }, { event, stream }) =>
    event._tag === "Noted" ? { tasks, notes: notes + 1 } : { tasks: [...tasks, stream.id], notes }
})

const Happenings = Arbitrary.array(
  Arbitrary.all({ id: Arbitrary.schema(Id), event: Arbitrary.schema(Schema.Union([Task.event, Note.event])) }),
  { maxLength: 12 }
)
type Happening = { readonly id: string; readonly event: Event }

const isTask = (recorded: RecordedEvent<Event>): recorded is RecordedEvent<TaskEvent> =>
  recorded.stream.category === "Task"

/** With gaps between the positions, as a log may have. */
const log = (happenings: ReadonlyArray<Happening>): ReadonlyArray<RecordedEvent<Event>> =>
  happenings.map(({ event, id }, index) => ({
    id: `${index}`,
    stream: { tenant: "default", category: event._tag === "Noted" ? "Note" : "Task", id },
    version: index + 1,
    position: 3 * index + 1,
    type: event._tag,
    schemaVersion: 1,
    event,
    metadata: {},
    recordedAt: DateTime.makeUnsafe(0)
  }))

const statesOf = <T extends View.Types>(view: View.View<T>, events: Iterable<RecordedEvent<T["Event"]>>) =>
  Object.fromEntries(View.states(View.fold(view, new Map(), events)))

const added = (id: string, ...to: ReadonlyArray<"1" | "2">) => ({ id, event: { _tag: "Added", to } }) as const
const done = (id: string) => ({ id, event: { _tag: "Done" } }) as const
const dropped = (id: string) => ({ id, event: { _tag: "Dropped" } }) as const
const noted = (id: string) => ({ id, event: { _tag: "Noted" } }) as const

describe("a view", () => {
  it("has a row for every stream, under its id, unless it is told otherwise", () => {
    const events = log([added("1"), added("2"), done("1")]).filter(isTask)
    assert.deepStrictEqual(statesOf(Tasks, events), { 1: { events: 2 }, 2: { events: 1 } })
  })

  it("has the rows that its key names: several, one or none", () => {
    const events = log([added("7", "1", "2", "2"), done("7"), noted("1"), added("8", "2")])
    assert.deepStrictEqual(statesOf(Inbox, events), {
      1: { tasks: ["7"], notes: 1 },
      2: { tasks: ["7", "8"], notes: 0 }
    })
  })

  it("begins anew where a row was deleted", () => {
    assert.deepStrictEqual(statesOf(Tasks, log([added("1"), done("1"), dropped("1")]).filter(isTask)), {})
    assert.deepStrictEqual(
      statesOf(Tasks, log([added("1"), done("1"), dropped("1"), added("1")]).filter(isTask)),
      { 1: { events: 1 } }
    )
  })

  it("does not bring back a deleted row when an earlier event comes again", () => {
    const events = log([added("1"), dropped("1")]).filter(isTask)
    const rows = View.fold(Tasks, View.fold(Tasks, new Map(), events), events.slice(0, 1))
    assert.strictEqual(View.states(rows).size, 0)
    assert.deepStrictEqual(rows.get("1"), { state: null, position: 4 })
  })

  it.effect("is folded from the log of a store, on and on", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const from = (position: number) => Stream.runCollect(store.readAll(Inbox.from, { after: position }))
      yield* store.append(Task, "7", [{ _tag: "Added", to: ["1"] }, { _tag: "Done" }])
      const first = yield* from(0)
      const rows = View.fold(Inbox, new Map(), first)
      yield* store.append(Note, "1", [{ _tag: "Noted" }])
      const later = View.fold(Inbox, rows, yield* from(first.at(-1)!.position))
      assert.deepStrictEqual(Object.fromEntries(View.states(later)), { 1: { tasks: ["7"], notes: 1 } })
    }).pipe(Effect.provide(MemoryEventStore.layer)))

  it("leaves the rows it was given as they were", () => {
    const [first, second] = log([added("1"), added("1")]).filter(isTask)
    const before = View.fold(Tasks, new Map(), [first!])
    View.fold(Tasks, before, [second!])
    assert.deepStrictEqual([...before], [["1", { state: { events: 1 }, position: 1 }]])
  })

  it("needs a key if it reads several aggregates, whose ids may be the same", () => {
    assert.throws(
      () =>
        View.make("all", {
          version: 1,
          from: [Task, Note],
          state: Schema.Struct({}),
          initial: {},
          evolve: (state) => state
        }),
      "View all reads Task, Note: say by `key` which row an event concerns"
    )
  })

  it.prop(
    "comes to the same rows in pages of any size, and when events come again from any place on",
    [Happenings, Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 12 })))],
    ([happenings, size]) => {
      const events = log(happenings)
      const atOnce = View.fold(Inbox, new Map(), events)
      let paged: View.Rows<typeof Inbox.initial> = new Map()
      for (let from = 0; from < events.length; from += size) {
        paged = View.fold(Inbox, paged, events.slice(Math.max(0, from - 2), from + size))
      }
      assert.deepStrictEqual(paged, atOnce)
      assert.deepStrictEqual(View.fold(Inbox, atOnce, events.slice(-size)), atOnce)
      assert.deepStrictEqual(View.fold(Inbox, atOnce, events), atOnce)
    }
  )
})

describe("views that are combined", () => {
  const Both = View.combine("both", { tasks: Tasks, inbox: Inbox })

  it("have a row with a part for each, and none where that has no row", () => {
    assert.deepStrictEqual(statesOf(Both, log([added("1", "2"), noted("1")])), {
      1: { tasks: { events: 1 }, inbox: { tasks: [], notes: 1 } },
      2: { tasks: null, inbox: { tasks: ["1"], notes: 0 } }
    })
  })

  it("lose a row with the last of its parts", () => {
    assert.deepStrictEqual(statesOf(Both, log([added("1"), dropped("1")])), {})
    assert.deepStrictEqual(statesOf(Both, log([added("1"), noted("1"), dropped("1")])), {
      1: { tasks: null, inbox: { tasks: [], notes: 1 } }
    })
  })

  it("are of another version when one of them is, and have a schema for their rows", () => {
    assert.strictEqual(Both.version, 3)
    assert.deepStrictEqual(Both.from.map(({ category }) => category), ["Task", "Note"])
    assert.isTrue(Schema.is(Both.state)({ tasks: null, inbox: { tasks: [], notes: 1 } }))
    assert.isFalse(Schema.is(Both.state)({ tasks: null }))
  })

  it("must not disagree on what an aggregate is, and must be some", () => {
    const Other = View.make("other", {
      version: 1,
      from: [{ ...Task, codec: { ...Task.codec } }],
      state: Schema.Struct({}),
      initial: {},
      evolve: (state) => state
    })
    assert.throws(
      () => View.combine("both", { tasks: Tasks, other: Other }),
      "View both reads Task by two different definitions; keep one"
    )
    assert.throws(() => View.combine("none", {}), "View none is made of no views")
  })

  it.prop("are each as it would be alone", [Happenings], ([happenings]) => {
    const events = log(happenings)
    const both = Object.entries(statesOf(Both, events))
    const part = (name: "tasks" | "inbox") =>
      Object.fromEntries(both.flatMap(([key, row]) => row[name] === null ? [] : [[key, row[name]]]))
    assert.deepStrictEqual(part("tasks"), statesOf(Tasks, events.filter(isTask)))
    assert.deepStrictEqual(part("inbox"), statesOf(Inbox, events))
    assert.deepStrictEqual(
      View.fold(Both, View.fold(Both, new Map(), events), events),
      View.fold(Both, new Map(), events)
    )
  })
})
