import { type Action, type Demand, type Program, streams, type Write } from "./program.ts"

const streamName = (index: number): string => {
  const { category, id } = streams[index] ?? streams[0]
  return `${category}/${id}`
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

const writeInWords = (write: Write): string =>
  write._tag === "Append"
    ? `append [${write.events.join(", ")}] to ${streamName(write.stream)}, ${demandInWords(write.demand)}`
    : `execute ${write.command} on ${streamName(write.stream)}` +
      (write.says === "nothing" ? "" : `, ${write.says}: ${ofAgo(write.ago)}`)

const actionInWords = (action: Action): string => {
  switch (action._tag) {
    case "Append":
    case "Execute":
      return writeInWords(action)
    case "Interrupt":
      return `interrupted after ${action.after} turns: ${actionInWords(action.work)}`
    case "Transact":
      return `${action.end === "commit" ? "committed" : "rolled back"}: ${action.writes.map(writeInWords).join("; ")}`
    case "Read":
      return `read ${streamName(action.stream)} after version ${action.after}`
    case "ReadAll":
      return `read the log, ${action.pageSize} at a time`
    case "Kill":
      return `kill session ${action.session}`
  }
}

/** Writes a program as a person would, a line for each thing that is done. */
export const describe = ({ fibers, subscribers }: Program): string =>
  [
    ...fibers.flatMap(({ client, steps }, fiber) => [
      `fiber ${fiber + 1} of client ${client + 1}`,
      ...steps.map(({ action, turns, until }) =>
        `  ${actionInWords(action)}` + (until > 0 ? ` (once ${until} under way have ended)` : "") +
        (turns.length > 0 ? ` (gives way ${turns.join(", ")} times)` : "")
      )
    ]),
    ...subscribers.map(({ categories, client, from, pageSize, when }) =>
      `client ${client + 1} subscribes to ${categories.join(" and ")} from ${from}, once ${when} actions have ended, ` +
      `${pageSize} at a time`
    )
  ].join("\n")
