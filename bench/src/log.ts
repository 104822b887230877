/** A log that is there before anything is timed, for those who read it. Every contender is given the same events. */
import * as Effect from "effect/Effect"
import * as Account from "./account.ts"
import { BenchFailure } from "./BenchFailure.ts"
import { withClient } from "./withClient.ts"

export interface Log {
  readonly streams: number
  /** How many events each stream has. */
  readonly length: number
  readonly events: number
  /** The sum of all deposits. */
  readonly amount: number
}

/** Events that come one after the other in the log: what one command or a few in a row leave behind. */
const burst = 5

/** A log of about so many events, of a thousand streams at most. */
export const ofAbout = (events: number): Log => {
  const streams = Math.min(1000, Math.max(1, Math.round(events / 100)))
  const length = Math.max(1, Math.round(events / streams / burst)) * burst
  const amounts = Account.history("", length).map((event) => event._tag === "Deposited" ? event.amount : 0)
  return { streams, length, events: streams * length, amount: streams * amounts.reduce((sum, each) => sum + each, 0) }
}

/**
 * Selects `stream`, `version`, `type` and `data` (JSON text) of all events, in the order in which they are to be stored: the
 * streams take turns. They are made by the server, since to send them would take longer than most of the works.
 */
export const select = ({ events, streams }: Log): string => {
  const { note, reference } = Account.deposit({ open: true, balance: 0, deposits: 0 })
  return `
    select stream, version, type,
      case when type = 'Opened' then format('{"owner":"Owner of %s","currency":"EUR"}', stream)
        else format('{"amount":%s,"balance":%s,"reference":"%s","note":"${note}"}', 1 + (deposits - 1) % 97,
          deposits + (deposits - 1) / 97 * (96 * 97 / 2) + ((deposits - 1) % 97 + 1) * ((deposits - 1) % 97) / 2,
          '${reference.slice(0, -1)}' || deposits - 1)
      end as data
    from (
      select place, 'log-' || place / ${burst} % ${streams} as stream, version, version - 1 as deposits,
        case when version = 1 then 'Opened' else 'Deposited' end as type
      from generate_series(0, ${events - 1}) place,
        lateral (select place / ${burst} / ${streams} * ${burst} + place % ${burst} + 1 as version) at
    ) events
    order by place`
}

/** Stores a log by statements, and leaves the tables as autovacuum would. */
export const store = (url: string, statements: ReadonlyArray<string>): Effect.Effect<void, BenchFailure> =>
  withClient(
    url,
    (sql) =>
      Effect.forEach([...statements, "vacuum analyze"], (statement) => sql.unsafe(statement).unprepared, {
        discard: true
      })
  )

/** Fails unless every stream of the log was counted, and each of its events once. `rows` selects `stream` and `count`. */
export const checkCounts = (who: string, url: string, log: Log, rows: string): Effect.Effect<void, BenchFailure> =>
  Effect.flatMap(
    withClient(url, (sql) =>
      sql.unsafe<{ readonly streams: number; readonly wrong: number }>(
        `select count(*)::int as streams, (count(*) filter (where count <> ${log.length}))::int as wrong from (${rows}) rows`
      )),
    ([found]) =>
      found?.streams === log.streams && found.wrong === 0
        ? Effect.void
        : Effect.fail(
          new BenchFailure({
            message: `${who} has counted ${found?.streams} streams of ${log.streams}, ${found?.wrong} of them wrongly`
          })
        )
  )
