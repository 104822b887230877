/**
 * Kills and freezes processes that run projections, and those that write, again and again, while a view is rebuilt, and
 * counts at the end.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import * as EventStore from "refold/EventStore"
import * as Projection from "refold/Projection"
import * as Projections from "refold/Projections"
import * as View from "refold/View"
import * as Views from "refold/Views"
import * as Children from "../support/children.ts"
import { account, digits, entries, leaseMillis, rebuiltTotals, storeAt, tables } from "./fixtures/domain.ts"

const projections = [entries, rebuiltTotals, digits]
const program = (name: string) => new URL(`./fixtures/${name}.ts`, import.meta.url)

/** Asks until it is so. */
const until = <E, R>(what: string, condition: Effect.Effect<boolean, E, R>) =>
  condition.pipe(
    Effect.repeat({ until: (holds) => holds, schedule: Schedule.spaced("20 millis") }),
    Effect.timeoutOrElse({
      duration: "60 seconds",
      orElse: () => Effect.die(new Error(`Waited in vain until ${what}`))
    })
  )

const live = Effect.map(Projections.list(), (all) => all.filter(({ isLive }) => isLive))
const handled = Effect.map(live, (all) => all.map(({ handled }) => handled))

/** Until every projection has done something more. */
const untilBusy = Effect.gen(function*() {
  const before = yield* handled
  yield* until(
    "every projection has moved",
    Effect.map(handled, (now) => now.length === projections.length && now.every((n, index) => n > (before[index] ?? 0)))
  )
})

/** The partitions that a worker has. */
const heldBy = (worker: string) =>
  Effect.map(
    Projections.list(),
    (all) => all.flatMap(({ partitions }) => partitions.filter(({ owner }) => owner?.startsWith(`${worker}-`) === true))
  )

/** Kills a worker and waits until others have what it had, unless a version was retired meanwhile; in milliseconds. */
const takenOver = Effect.fnUntraced(function*(worker: Children.Child & { readonly name: string }) {
  const held = yield* heldBy(worker.name)
  yield* worker.kill
  const startedAt = yield* Clock.currentTimeMillis
  yield* until(
    `others have what ${worker.name} had`,
    Effect.map(Projections.list(), (all) => {
      const now = all.flatMap(({ partitions }) => partitions)
      return held.every(({ name, partition, version }) =>
        now.some((one) =>
          one.name === name && one.version === version && one.partition === partition &&
          (one.status !== "running" || (one.owner !== undefined && !one.owner.startsWith(`${worker.name}-`)))
        )
      )
    })
  )
  return (yield* Clock.currentTimeMillis) - startedAt
})

/** Runs on an empty database, with so many kills. */
export const kills = (
  { kills, onProgress, url }: {
    readonly kills: number
    readonly onProgress: (line: string) => Effect.Effect<void>
    readonly url: string
  }
) =>
  Effect.gen(function*() {
    yield* tables
    const problems: Array<string> = []
    let started = 0
    const startWorker = Effect.suspend(() => {
      const name = `worker${++started}`
      return Effect.map(Children.start(program("worker"), url, name), (child) => ({ ...child, name }))
    })
    const startWriter = Children.start(program("writer"), url)
    const writers = [yield* startWriter, yield* startWriter]
    const workers = [yield* startWorker, yield* startWorker, yield* startWorker]
    const takeovers: Array<number> = []
    let frozen = 0
    const startRebuilder = Children.start(program("rebuildingWorker"), url)
    let rebuilder: Children.Child | undefined

    for (let kill = 1; kill <= kills; kill++) {
      yield* untilBusy
      yield* Effect.sleep(yield* Random.nextIntBetween(0, 400))
      const victim = yield* Random.nextIntBetween(0, 2)
      const worker = workers[victim]!
      if (kill % 3 === 2) {
        frozen++
        yield* worker.freeze
        yield* Effect.sleep(yield* Random.nextIntBetween(leaseMillis, 1.5 * leaseMillis))
        yield* worker.thaw
      } else {
        if (kill % 3 === 0) takeovers.push(yield* takenOver(worker))
        else yield* worker.kill
        workers[victim] = yield* startWorker
      }
      if (kill % 4 === 1) {
        const writing = kill % 8 === 1 ? 0 : 1
        yield* writers[writing]!.kill
        writers[writing] = yield* startWriter
      }
      // it is killed once, maybe before it has finished
      if (kill >= kills / 2 && kill <= kills / 2 + 1) {
        yield* rebuilder?.kill ?? Effect.void
        rebuilder = yield* startRebuilder
      }
      yield* onProgress(`kill ${kill} of ${kills}: ${(yield* handled).join(", ")} events handled`)
    }

    yield* untilBusy
    yield* until(
      "the view is rebuilt",
      Effect.map(live, (all) => all.some(({ name, version }) => name === rebuiltTotals.name && version === 2))
    )
    for (const { stop } of writers) problems.push(...yield* stop)
    for (const projection of projections) yield* Projection.whenCaughtUp(projection)
    const parked = yield* Projections.parked(entries)
    const sql = yield* SqlClient.SqlClient
    yield* sql`insert into healed values (now())`
    yield* Projections.retryParked(entries)
    yield* until("nothing is parked", Effect.map(Projections.parked(entries), ({ length }) => length === 0))
    for (const { stop } of [...workers, ...rebuilder === undefined ? [] : [rebuilder]]) problems.push(...yield* stop)
    if ((yield* Projections.list()).some(({ partitions }) => partitions.some(({ owner }) => owner !== undefined))) {
      problems.push("a worker has left without giving back what it had")
    }

    const log = yield* Stream.runCollect(EventStore.readAll([account], { pageSize: 5_000 }))
    const entered = yield* sql<{ readonly stream: string; readonly version: bigint; readonly position: bigint }>`
      select stream, version, position from entries order by id`
    const times = new Map<number, number>()
    const versions = new Map<string, number>()
    for (const { position, stream, version } of entered) {
      times.set(Number(position), (times.get(Number(position)) ?? 0) + 1)
      const before = versions.get(stream) ?? 0
      if (Number(version) !== before + 1) problems.push(`${stream}: version ${version} was entered after ${before}`)
      versions.set(stream, Number(version))
    }
    for (const { position } of log) {
      if (times.get(position) !== 1) problems.push(`position ${position} was entered ${times.get(position) ?? 0} times`)
    }
    problems.push(...yield* differences(rebuiltTotals, log), ...yield* differences(digits, log))
    for (const millis of takeovers) {
      if (millis > 2 * leaseMillis) problems.push(`a take-over took ${millis} ms, the lease is ${leaseMillis} ms`)
    }
    return {
      problems,
      figures: {
        kills,
        workers: started,
        frozen,
        events: log.length,
        wereParked: parked.length,
        longestTakeoverMillis: Math.max(0, ...takeovers)
      }
    }
  }).pipe(Effect.provide(storeAt(url)))

/** Where the rows that are stored are not what the log comes to. */
const differences = Effect.fnUntraced(function*<T extends View.Types>(
  view: View.View<T>,
  log: Parameters<typeof View.fold<T>>[2]
) {
  const expected = View.states(View.fold(view, new Map(), log))
  const stored = yield* Views.all(view)
  const keys = new Set([...expected.keys(), ...stored.keys()])
  return [...keys].flatMap((key) => {
    const [is, be] = [JSON.stringify(stored.get(key)), JSON.stringify(expected.get(key))]
    return is === be ? [] : [`${view.name}: ${key} is ${is} and should be ${be}`]
  })
})
