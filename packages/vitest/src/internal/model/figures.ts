import type { Figures } from "../../StoreModel.ts"
import type { History } from "./history.ts"

export const none: Figures = {
  programs: 0,
  acknowledged: 0,
  refused: 0,
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
  const found = new Set(log.map(({ metadata }) => metadata.custom?.["attempt"]))
  const rolledBack = attempts.filter(({ transaction }) => transaction?.end === "rolled back")
  const others = attempts.filter(({ transaction }) => transaction?.end !== "rolled back")
  const unknown = others.filter(({ outcome, transaction }) =>
    outcome._tag === "unknown" || (outcome._tag === "appended" && transaction?.end === "unknown")
  )
  const refused = others.filter(({ outcome }) => outcome._tag === "refused")
  return {
    programs: sum.programs + 1,
    acknowledged: sum.acknowledged + others.length - unknown.length - refused.length,
    refused: sum.refused + refused.length,
    rolledBack: sum.rolledBack + rolledBack.length,
    unknown: sum.unknown + unknown.length,
    unknownFoundIn: sum.unknownFoundIn + unknown.filter(({ id }) => found.has(id)).length,
    events: sum.events + log.length,
    commands: sum.commands + executions.length,
    conflicts: sum.conflicts +
      executions.filter(({ outcome }) => "_tag" in outcome && outcome._tag === "Conflict").length,
    readings: sum.readings + readings.length,
    subscribers: sum.subscribers + subscriptions.length
  }
}
