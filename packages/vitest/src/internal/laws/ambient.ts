/** What a pure function does not ask for: the time, and chance. */

let heard: string | undefined

/** What was asked for since the last time; and forgets it. */
export const listen = (): string | undefined => {
  const name = heard
  if (name !== undefined) heard = undefined
  return name
}

type Method = (...args: ReadonlyArray<unknown>) => unknown

const replaced = (owner: object, name: string, title: string) => {
  const before = Object.getOwnPropertyDescriptor(owner, name)
  const real = Reflect.get(owner, name) as Method | undefined
  if (typeof real !== "function") return () => {}
  const value = (...args: ReadonlyArray<unknown>) => {
    heard ??= title
    return Reflect.apply(real, owner, args)
  }
  if (!Reflect.defineProperty(owner, name, { value, configurable: true, writable: true })) return () => {}
  return () => {
    if (before === undefined) Reflect.deleteProperty(owner, name)
    else Reflect.defineProperty(owner, name, before)
  }
}

const replacedDate = () => {
  const real = globalThis.Date
  globalThis.Date = new Proxy(real, {
    apply: (target, self, args) => {
      heard ??= "the clock: Date()"
      return Reflect.apply(target, self, args) as string
    },
    construct: (target, args, derived) => {
      if (args.length === 0) heard ??= "the clock: new Date()"
      return Reflect.construct(target, args, derived) as Date
    }
  })
  return () => {
    globalThis.Date = real
  }
}

/**
 * Runs something synchronous in a world whose clocks and dice can be heard. They go on as they do. Rejections are made by
 * the thousand meanwhile, and nobody asks from where: without a stack they cost a tenth.
 */
export const watched = <A>(run: () => A): A => {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  const restore = [
    replaced(Date, "now", "the clock: Date.now()"),
    replacedDate(),
    replaced(Math, "random", "chance: Math.random()"),
    replaced(performance, "now", "the clock: performance.now()"),
    replaced(crypto, "randomUUID", "chance: crypto.randomUUID()"),
    replaced(crypto, "getRandomValues", "chance: crypto.getRandomValues()")
  ]
  heard = undefined
  try {
    return run()
  } finally {
    for (const back of restore.toReversed()) back()
    heard = undefined
    Error.stackTraceLimit = stackTraceLimit
  }
}
