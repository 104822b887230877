import type { Figures } from "../../StoreModel.ts"
import { type Attempt, type History, labelOf } from "./history.ts"

export const none: Figures = {
  programs: 0,
  acknowledged: 0,
  repeated: 0,
  refused: 0,
  taken: 0,
  rolledBack: 0,
  unknown: 0,
  unknownFoundIn: 0,
  events: 0,
  commands: 0,
  conflicts: 0,
  readings: 0,
  subscribers: 0
}

export const add = (sum: Figures, { attempts, executions, log, readings, subscriptions }: History): Figures => {
  const found = new Set(log.map(labelOf))
  const count = (isMeant: (attempt: Attempt) => boolean) => others.filter(isMeant).length
  const others = attempts.filter(({ transaction }) => transaction?.end !== "rolled back")
  const isUnknown = ({ outcome, transaction }: Attempt) =>
    outcome._tag === "unknown" || outcome._tag === "interrupted" || outcome._tag === "unavailable" ||
    (outcome._tag === "appended" && transaction?.end === "unknown")
  const isRepeated = ({ outcome }: Attempt) => outcome._tag === "appended" && outcome.appended.repeated
  return {
    programs: sum.programs + 1,
    acknowledged: sum.acknowledged + count((attempt) => attempt.outcome._tag === "appended" && !isUnknown(attempt)),
    repeated: sum.repeated + count((attempt) => isRepeated(attempt) && !isUnknown(attempt)),
    refused: sum.refused + count(({ outcome }) => outcome._tag === "refused" || outcome._tag === "held"),
    taken: sum.taken + count(({ outcome }) => outcome._tag === "taken"),
    rolledBack: sum.rolledBack + attempts.length - others.length,
    unknown: sum.unknown + count(isUnknown),
    unknownFoundIn: sum.unknownFoundIn +
      count((attempt) => isUnknown(attempt) && attempt.together.some(({ id }) => found.has(id))),
    events: sum.events + log.length,
    commands: sum.commands + executions.length,
    conflicts: sum.conflicts +
      executions.filter(({ outcome }) => "_tag" in outcome && outcome._tag === "Conflict").length,
    readings: sum.readings + readings.length,
    subscribers: sum.subscribers + subscriptions.length
  }
}
