/** Appends single events at a rate, and says how long a reader waited for each of them. */
import { setTimeout as delay } from "node:timers/promises"
import { BenchFailure } from "../BenchFailure.ts"

/** What a reader has seen so far. */
export interface Watch {
  readonly seenAt: Map<string, number>
  /** How many events it had more than once. */
  twice: number
}

export const watch = (): Watch => ({ seenAt: new Map(), twice: 0 })

/** To be called with each event as soon as the reader has it. */
export const seenBy = (watch: Watch) => (stream: string): void => {
  if (watch.seenAt.has(stream)) watch.twice++
  else watch.seenAt.set(stream, performance.now())
}

export interface Waits {
  readonly millis: ReadonlyArray<number>
  readonly missed: number
}

/** An even rhythm would fall in step with those who poll. */
const offset = (index: number): number => index + (index * 0.618) % 1

/** Appends whether or not those before have returned, and waits until all of it was seen, or `patience` is at its end. */
export const wait = async (
  watch: Watch,
  options: {
    readonly who: string
    readonly streams: ReadonlyArray<string>
    readonly append: (stream: string) => Promise<unknown>
    readonly perSecond: number
    readonly patience: number
    /** Fails unless every event was seen once. */
    readonly isStrict: boolean
  }
): Promise<Waits> => {
  const { append, isStrict, patience, perSecond, streams, who } = options
  const returned = new Map<string, number>()
  const start = performance.now()
  const appends: Array<Promise<unknown>> = []
  for (const [index, stream] of streams.entries()) {
    const due = start + offset(index) * 1000 / perSecond - performance.now()
    if (due > 1) await delay(due)
    appends.push(append(stream).then(() => returned.set(stream, performance.now())))
  }
  await Promise.all(appends)
  const end = performance.now() + patience
  while (!streams.every((stream) => watch.seenAt.has(stream)) && performance.now() < end) await delay(5)

  const millis = streams.flatMap((stream) => {
    const seen = watch.seenAt.get(stream)
    // some have it before the append returns
    return seen === undefined ? [] : [Math.max(0, seen - returned.get(stream)!)]
  })
  const missed = streams.length - millis.length
  if (isStrict && (missed > 0 || watch.twice > 0)) {
    throw new BenchFailure({ message: `${who} has missed ${missed} events and had ${watch.twice} twice` })
  }
  return { millis, missed }
}
