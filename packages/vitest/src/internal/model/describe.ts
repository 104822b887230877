import { type Action, type Demand, type Execute, type Part, type Program, streamAt, tenants } from "./program.ts"

const streamName = (index: number): string => {
  const { category, id, tenant } = streamAt(index)
  return `${category}/${id}` + (tenant === 0 ? "" : ` of tenant ${tenants[tenant]}`)
}

const ofAgo = (ago: number): string =>
  ago === 0 ? "the version last heard of" : `${ago} before the version last heard of`

const demandInWords = (demand: Demand): string => {
  switch (demand._tag) {
    case "at":
      return `at ${ofAgo(demand.ago)}`
    case "onlySince":
      return `only ${demand.types.join(", ") || "nothing"} since ${ofAgo(demand.ago)}`
    default:
      return demand._tag
  }
}

const partInWords = ({ demand, events, stream }: Part): string =>
  `[${events.join(", ")}] to ${streamName(stream)}, ${demandInWords(demand)}`

const commandInWords = ({ ago, command, says }: Pick<Execute, "ago" | "command" | "says">): string =>
  command + (says === "nothing" ? "" : ` (${says}: ${ofAgo(ago)})`)

const givenUpInWords = (after: number | undefined): string =>
  after === undefined ? "" : `, interrupted after ${after} turns`

const actionInWords = (action: Action): string => {
  switch (action._tag) {
    case "Append":
      return `append ${partInWords(action)}`
    case "AppendAll":
      return `append at once ${action.parts.map(partInWords).join(", and ")}`
    case "Send":
      return `send parcel ${action.parcel + 1}` + (action.change === "none" ? "" : ` (changed: ${action.change})`) +
        (action.untilAnswered ? " until answered" : "") + `, ${action.demands.map(demandInWords).join(" and ")}`
    case "Execute":
      return `execute ${commandInWords(action)} on ${streamName(action.stream)}`
    case "Burst":
      return `append at the same time to ${streamName(action.stream)}: ` +
        action.appends.map(({ demand, events, givenUpAfter }) =>
          `[${events.join(", ")}] ${demandInWords(demand)}${givenUpInWords(givenUpAfter)}`
        ).join("; ")
    case "Crowd":
      return `execute at the same time on ${streamName(action.stream)}: ` +
        action.commands.map((one) => commandInWords(one) + givenUpInWords(one.givenUpAfter)).join("; ")
    case "Interrupt":
      return `interrupted after ${action.after} turns: ${actionInWords(action.work)}`
    case "Transact":
      return `${action.end === "commit" ? "committed" : "rolled back"}: ${action.writes.map(actionInWords).join("; ")}`
    case "Read":
      return `read ${streamName(action.stream)} after version ${action.after}`
    case "ReadAll":
      return `read the log of tenant ${tenants[action.tenant]}, ${action.pageSize} at a time`
    case "Kill":
      return `kill session ${action.session}`
  }
}

/** Writes a program as a person would, a line for each thing that is done. */
export const describe = ({ fibers, parcels, subscribers, tunings }: Program): string =>
  [
    ...tunings.map(({ cachedStates, commandsPerAppend }, client) =>
      `client ${client + 1} keeps ${cachedStates} states and appends for ${commandsPerAppend} commands at once`
    ),
    ...parcels.map(({ events: [one, other], single, streams: [here, there] }, parcel) =>
      `parcel ${parcel + 1} is [${one.join(", ")}] to ${streamName(here)}` +
      (single ? "" : ` and [${other.join(", ")}] to ${streamName(there)}`)
    ),
    ...fibers.flatMap(({ client, steps }, fiber) => [
      `fiber ${fiber + 1} of client ${client + 1}`,
      ...steps.map(({ action, turns, until }) =>
        `  ${actionInWords(action)}` + (until > 0 ? ` (once ${until} under way have ended)` : "") +
        (turns.length > 0 ? ` (gives way ${turns.join(", ")} times)` : "")
      )
    ]),
    ...subscribers.map(({ categories, client, from, pageSize, tenant, when }) =>
      `client ${client + 1} subscribes to ${categories.join(" and ")} of tenant ${tenants[tenant]} from ${from}, ` +
      `once ${when} actions have ended, ${pageSize} at a time`
    )
  ].join("\n")
