/** A document that several people write, by sections. */
import * as Schema from "effect/Schema"
import { Aggregate } from "refold"
import { refuse } from "./Refused.ts"

const Id = Schema.NonEmptyString
const Place = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 }))
const sameSection = (mine: { readonly id: string }, theirs: { readonly id: string }) => mine.id === theirs.id

export const Document = Aggregate.make("Document", {
  command: Schema.TaggedUnion({
    ChangeTitle: { title: Schema.String },
    AddSection: { id: Id, text: Schema.String },
    EditSection: { id: Id, text: Schema.String },
    MoveSection: { id: Id, to: Place },
    MergeSections: { id: Id, into: Id },
    DeleteSection: { id: Id }
  }),
  event: Schema.TaggedUnion({
    TitleChanged: { title: Schema.String },
    SectionAdded: { id: Id, text: Schema.String },
    SectionEdited: { id: Id, text: Schema.String },
    SectionMoved: { id: Id, to: Place },
    SectionDeleted: { id: Id }
  }),
  state: Schema.Struct({
    title: Schema.String,
    sections: Schema.Array(Schema.Struct({ id: Id, text: Schema.String }))
  }),
  initial: { title: "", sections: [] },
  decide: (command, { sections, title }) => {
    if (command._tag === "ChangeTitle") {
      return command.title === title ? [] : [{ _tag: "TitleChanged", title: command.title }]
    }
    const { id } = command
    const section = sections.find((section) => section.id === id)
    if (command._tag === "AddSection") {
      return section === undefined
        ? [{ _tag: "SectionAdded", id, text: command.text }]
        : refuse("there is such a section")
    }
    if (section === undefined) return refuse("there is no such section")
    switch (command._tag) {
      case "EditSection":
        return command.text === section.text ? [] : [{ _tag: "SectionEdited", id, text: command.text }]
      case "MoveSection":
        if (command.to >= sections.length) return refuse("there is no such place")
        return sections[command.to] === section ? [] : [{ _tag: "SectionMoved", id, to: command.to }]
      case "MergeSections": {
        const into = sections.find((section) => section.id === command.into)
        return into === undefined || into === section
          ? refuse("there is no section to put it into")
          : [
            { _tag: "SectionEdited", id: into.id, text: into.text + section.text },
            { _tag: "SectionDeleted", id }
          ]
      }
      case "DeleteSection":
        return [{ _tag: "SectionDeleted", id }]
    }
  },
  evolve: (document, event) => {
    if (event._tag === "TitleChanged") return { ...document, title: event.title }
    const { sections } = document
    const rest = sections.filter(({ id }) => id !== event.id)
    switch (event._tag) {
      case "SectionAdded":
        return { ...document, sections: [...rest, { id: event.id, text: event.text }] }
      case "SectionEdited":
        return {
          ...document,
          sections: sections.map((section) => section.id === event.id ? { id: event.id, text: event.text } : section)
        }
      case "SectionMoved": {
        const moved = sections.filter(({ id }) => id === event.id)
        return { ...document, sections: [...rest.slice(0, event.to), ...moved, ...rest.slice(event.to)] }
      }
      case "SectionDeleted":
        return { ...document, sections: rest }
    }
  },
  // What an editor says: two hands on one text must talk to each other, and so must two who put it in order.
  conflicts: {
    TitleChanged: { collides: ["TitleChanged"] },
    SectionAdded: { collides: { SectionAdded: sameSection } },
    SectionEdited: { collides: { SectionEdited: sameSection, SectionDeleted: sameSection } },
    SectionMoved: { collides: ["SectionMoved"], redecides: ["SectionDeleted"] },
    SectionDeleted: { collides: { SectionEdited: sameSection }, redecides: { SectionDeleted: sameSection } }
  }
})
