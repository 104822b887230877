/** The log and the read models as the database has them, and what the one must be by the other: in plain code. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { readFileSync } from "node:fs"
import type { Report } from "./output.ts"

export interface LogEntry {
  readonly position: number
  readonly lead: string
  readonly version: number
  readonly type: string
  readonly data: { readonly [field: string]: string }
  readonly actor: string
  readonly command: string
  readonly at: Date
}

export const readLog = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  sql<LogEntry>`
    select position::int, stream_id as lead, version::int, type, data, metadata->>'actor' as actor,
      metadata->>'commandId' as command, recorded_at as at
    from leads_demo.events where category = 'Lead' order by position`)

/** Everything the read models should hold, sorted like `readModels`. */
export const fold = (log: ReadonlyArray<LogEntry>) => {
  const leads = new Map<string, { readonly [column: string]: string | number | null | undefined }>()
  const statusLog: Array<{ readonly [column: string]: string | number | Date | null | undefined }> = []
  let search: Array<{ lead: string; kind: string; value: string; since: number; current: boolean }> = []
  for (const { actor, at, data, lead, type, version } of log) {
    const before = type === "LeadInitialized" ? { status: "Available", on: null } : leads.get(lead)
    leads.set(lead, { ...before, ...data, lead, version })
    if (type === "StatusChanged") {
      statusLog.push({ lead, version, by: actor, from: before?.status, to: data["status"], at })
    }
    for (const kind of ["name", "email", "phone"]) {
      const value = data[kind]
      if (value === undefined) continue
      search = search.filter((term) => term.lead !== lead || term.kind !== kind || term.value !== value)
      for (const term of search) if (term.lead === lead && term.kind === kind) term.current = false
      search.push({ lead, kind, value, since: version, current: true })
    }
  }
  return {
    leads: [...leads.values()].toSorted(by("lead")),
    search: search.toSorted(by("lead", "kind", "value")),
    statusLog
  }
}

const by =
  <Column extends string>(...columns: ReadonlyArray<Column>) =>
  (a: { readonly [C in Column]?: unknown }, b: { readonly [C in Column]?: unknown }): number => {
    for (const column of columns) {
      const [left, right] = [String(a[column]), String(b[column])]
      if (left !== right) return left < right ? -1 : 1
    }
    return 0
  }

export const readModels = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  return {
    leads: yield* sql`select l.status, l.followup as on, l.name, l.email, l.phone, v.key as lead,
        (v.state->>'version')::int as version
      from leads_demo.views v, json_to_record(v.state->'lead') as l(
        status text, followup date, name text, email text, phone text
      )
      where v.view = 'lead-list' order by v.key`,
    search: yield* sql`select lead_id as lead, kind, value, since::int, is_current as current
      from leads_demo.lead_search order by lead_id collate "C", kind collate "C", value collate "C"`,
    statusLog: yield* sql`select lead_id as lead, version::int, changed_by as by, from_status as from, to_status as to,
      changed_at as at from leads_demo.status_log`
  }
})

/** The read models hold what the log says, and nothing else. Returns the log. */
export const assertReadModels = Effect.gen(function*() {
  const log = yield* readLog
  const expected = fold(log)
  const actual = yield* readModels
  assert.deepStrictEqual(actual.leads, expected.leads)
  assert.deepStrictEqual(actual.search, expected.search)
  assert.sameDeepMembers([...actual.statusLog], expected.statusLog)
  return log
})

/** Every version of every lead is there once, in the order of the log, and no command was carried out twice. */
export const assertSound = (log: ReadonlyArray<LogEntry>) => {
  const versions = new Map<string, number>()
  const commands = new Set<string>()
  for (const { command, lead, version } of log) {
    assert.strictEqual(version, (versions.get(lead) ?? 0) + 1, `the next version of ${lead}`)
    versions.set(lead, version)
    assert.isFalse(commands.has(command), `${command} was carried out twice`)
    commands.add(command)
  }
}

const eventTypes: { readonly [command: string]: string } = {
  InitializeLead: "LeadInitialized",
  ChangeName: "NameChanged",
  ChangeContactInfo: "ContactInfoChanged",
  ChangeStatus: "StatusChanged",
  SetFollowup: "FollowupSet"
}

/** What was said to be appended is in the log: that lead, that version, that event, by that person. */
export const assertKept = (log: ReadonlyArray<LogEntry>, reports: ReadonlyArray<Report>, file: string) => {
  const lines = readFileSync(file, "utf8").split("\n")
  for (const { lead, number, outcome, text } of reports) {
    if (outcome !== "appended" && outcome !== "on top") continue
    const { by, command: { _tag, ...data } } = JSON.parse(lines[number - 1]!)
    const version = Number(/^at version (\d+)/.exec(text)?.[1])
    const entry = log.find((entry) => entry.lead === lead && entry.version === version)
    assert.deepInclude(entry, { type: eventTypes[_tag]!, data, actor: by }, `line ${number}: ${text}`)
  }
}
