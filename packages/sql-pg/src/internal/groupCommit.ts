import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import type { Append, AppendOutcome, Appends } from "refold/EventStoreDriver"
import { EventStoreError, Unavailable } from "refold/EventStoreError"
import type { Verdict } from "./batches.ts"
import type { NotCommitted } from "./committing.ts"

/** Appends that happen together or not at all, and somebody who waits to hear what became of them. */
interface Waiting {
  readonly appends: Appends
  readonly settle: (outcome: Effect.Effect<AppendOutcome, EventStoreError>) => void
  abandoned: boolean
}

/** Appends to one stream which can go as one: what holds for the first holds for the others after it. */
type Group = [Waiting, ...Array<Waiting>]

/** Why, and since when, an append is not known to be committed. */
type Failed = NotCommitted & { readonly since: number }

/** A batch is full when it has this many events, or this much text. */
const maxEvents = 2_000
const maxLength = 4_000_000

const batchSizes = Metric.histogram("refold_append_batch_size", {
  description: "How many appends shared a commit",
  boundaries: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024]
})

const closed = new EventStoreError({
  reason: new Unavailable({ message: "the store was closed before the append was sent", cause: undefined })
})

/** So many appends are worth a batch of their own while another one is under way. */
const worthABatch = 24

/** A batch that is with the database, and those who wait for it. */
interface Batch {
  readonly members: ReadonlyArray<Waiting>
  readonly fiber: Fiber.Fiber<unknown, unknown>
}

/**
 * Lets the appends of concurrent fibers share a commit. While one batch is with the database the next one fills, so that
 * nobody waits for a timer, and an append goes at once if nobody is under way. If many wait they go in two, so that one is
 * prepared while the other is committed. Each append succeeds, or is refused, on its own. Whoever appends waits for the
 * outcome, so that no more can pile up here than there are fibers.
 *
 * An append that is interrupted before its batch has left never happens. After that, the interruption waits until it has
 * ended one way or the other; if nobody waits for anything in the batch any more, the batch is cancelled.
 */
export const make = Effect.fnUntraced(function*(
  send: (appends: ReadonlyArray<Append>) => Effect.Effect<ReadonlyArray<Verdict>, NotCommitted>,
  settleAlone: (appends: Appends, failed?: Failed) => Effect.Effect<AppendOutcome, EventStoreError>
) {
  let waiting: Array<Waiting> = []
  let isClosed = false
  const underWay = new Set<Batch>()
  const idle: Array<() => void> = []

  const context = yield* Effect.context<never>()
  const canLeave = () => waiting.length > 0 && (underWay.size === 0 || waiting.length >= worthABatch)
  const wakeIfNeeded = () => {
    if (canLeave()) idle.pop()?.()
  }
  const cancelAbandoned = () => {
    for (const { fiber, members } of underWay) if (members.every(({ abandoned }) => abandoned)) fiber.interruptUnsafe()
  }

  /** Runs what can be cancelled by those who wait for it, and by nobody else. */
  const forMembers = <A, E>(members: ReadonlyArray<Waiting>, self: Effect.Effect<A, E>) =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.interruptible(self), { startImmediately: true })
      const batch = { members, fiber }
      underWay.add(batch)
      cancelAbandoned()
      wakeIfNeeded()
      const exit = yield* Fiber.await(fiber)
      underWay.delete(batch)
      return exit
    })

  const alone = (member: Waiting, failed?: Failed): Effect.Effect<void> =>
    member.abandoned
      ? Effect.sync(() => member.settle(Effect.interrupt))
      : Effect.map(forMembers([member], settleAlone(member.appends, failed)), (exit) => member.settle(exit))

  const together = (groups: ReadonlyArray<Group>): Effect.Effect<void> => {
    const members = groups.flat()
    batchSizes.updateUnsafe(members.length, context)
    return Effect.flatMap(forMembers(members, send(groups.map(joined))), (exit) => {
      if (Exit.isSuccess(exit)) {
        return Effect.sync(() => {
          for (const [index, group] of groups.entries()) {
            const unsettled = settleGroup(group, exit.value[index]!)
            for (const { abandoned, settle } of unsettled) if (abandoned) settle(Effect.interrupt)
            waiting = unsettled.filter(({ abandoned }) => !abandoned).concat(waiting)
          }
        })
      }
      const failure = Cause.findErrorOption(exit.cause)
      if (Option.isSome(failure) && failure.value.reason === "unsent") {
        const { error } = failure.value
        return Effect.sync(() => {
          for (const { settle } of members) settle(Effect.fail(error))
        })
      }
      // one append that cannot be stored must not take the others down with it
      return Effect.flatMap(Clock.currentTimeMillis, (since) =>
        Effect.forEach(
          members,
          (member) => alone(member, Option.isSome(failure) ? { ...failure.value, since } : undefined),
          { discard: true }
        ))
    })
  }

  const commitNext = Effect.gen(function*() {
    if (!canLeave()) {
      yield* Effect.callback<void>((resume) => {
        idle.push(() => resume(Effect.void))
      })
    }
    // those who were resumed, or started, together get a chance to append together
    yield* Effect.yieldNow
    if (!canLeave()) return
    const share = underWay.size === 0 && waiting.length >= 2 * worthABatch ? waiting.length / 2 : waiting.length
    const { groups, rest } = divide(waiting.slice(0, share))
    waiting = rest.concat(waiting.slice(share))
    const [first] = groups
    if (first === undefined) return
    yield* Effect.uninterruptible(first[0].appends.length > 1 ? alone(first[0]) : together(groups))
  })

  // runs after the fibers below have finished the batches they had in hand
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      isClosed = true
      for (const { settle } of waiting) settle(Effect.fail(closed))
      waiting = []
    })
  )
  yield* Effect.forkScoped(Effect.forever(commitNext))
  yield* Effect.forkScoped(Effect.forever(commitNext))

  return (appends: Appends): Effect.Effect<AppendOutcome, EventStoreError> =>
    Effect.callback<AppendOutcome, EventStoreError>((resume) => {
      if (isClosed) return resume(Effect.fail(closed))
      let settled: (() => void) | undefined
      let isSettled = false
      const member: Waiting = {
        appends,
        abandoned: false,
        settle: (outcome) => {
          isSettled = true
          if (settled === undefined) resume(outcome)
          else settled()
        }
      }
      waiting.push(member)
      wakeIfNeeded()
      return Effect.callback<void>((done) => {
        const place = waiting.indexOf(member)
        if (place >= 0) waiting.splice(place, 1)
        if (place >= 0 || isSettled) return done(Effect.void)
        settled = () => done(Effect.void)
        member.abandoned = true
        cancelAbandoned()
      })
    })
})

/** The next batch, and what is left for the one after. Appends to several streams go alone. */
const divide = (
  waiting: ReadonlyArray<Waiting>
): { readonly groups: ReadonlyArray<Group>; readonly rest: Array<Waiting> } => {
  const [first, ...others] = waiting
  if (first !== undefined && first.appends.length > 1) return { groups: [[first]], rest: others }
  const groups = new Map<string, Group>()
  const rest: Array<Waiting> = []
  let events = 0
  let length = 0
  for (const member of waiting) {
    const [append] = member.appends
    const { category, id, tenant } = append.stream
    const name = `${tenant}\0${category}\0${id}`
    const group = groups.get(name)
    const isFull = events > 0 && (events + append.events.length > maxEvents || length > maxLength)
    const fits = group === undefined || (group[0].appends[0].events.length > 0 && isUnconditional(append))
    if (member.appends.length > 1 || isFull || !fits) {
      rest.push(member)
      continue
    }
    if (group === undefined) groups.set(name, [member])
    else group.push(member)
    events += append.events.length
    for (const { data, metadata } of append.events) length += data.length + metadata.length
  }
  return { groups: [...groups.values()], rest }
}

const isUnconditional = ({ condition, events, mayRepeat }: Append): boolean =>
  condition.atLeast === 0 && condition.atMost === Infinity && condition.since === undefined && !mayRepeat &&
  events.length > 0

const joined = ([first, ...others]: Group): Append =>
  others.length === 0
    ? first.appends[0]
    : {
      ...first.appends[0],
      events: first.appends[0].events.concat(...others.map(({ appends }) => appends[0].events))
    }

/** Tells everybody in a group, and returns those who have to be sent again because the first was refused. */
const settleGroup = (group: Group, verdict: Verdict): Array<Waiting> => {
  const [first, ...others] = group
  if (verdict._tag === "Refused") {
    const { missed, version } = verdict
    first.settle(Effect.succeed({ _tag: "Refused", refusals: [{ index: 0, version, missed }] }))
    return others
  }
  const { placement } = verdict
  if (others.length === 0) {
    first.settle(Effect.succeed({ _tag: "Appended", placements: [placement] }))
    return others
  }
  let after = others.reduce((sum, { appends }) => sum + appends[0].events.length, 0)
  for (const member of group) {
    if (member !== first) after -= member.appends[0].events.length
    member.settle(Effect.succeed({
      _tag: "Appended",
      placements: [{
        ...placement,
        version: placement.version - after,
        position: placement.position - after,
        missed: member === first ? placement.missed : []
      }]
    }))
  }
  return []
}
