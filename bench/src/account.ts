/** What every contender records: an account that is opened, and deposits that each carry the balance they led to. */

export interface Opened {
  readonly _tag: "Opened"
  readonly owner: string
  readonly currency: string
}

export interface Deposited {
  readonly _tag: "Deposited"
  readonly amount: number
  readonly balance: number
  readonly reference: string
  readonly note: string
}

export type AccountEvent = Opened | Deposited

export interface State {
  readonly open: boolean
  readonly balance: number
  readonly deposits: number
}

export const initial: State = { open: false, balance: 0, deposits: 0 }

export const opened = (stream: string): Opened => ({ _tag: "Opened", owner: `Owner of ${stream}`, currency: "EUR" })

/**
 * The decision. The new balance makes it depend on everything that happened before: whoever decides on a stale state, or
 * loses an event, is found out by adding up the amounts.
 */
export const deposit = (state: State): Deposited => {
  if (!state.open) throw new Error("a deposit to an account that is not open")
  const amount = 1 + state.deposits % 97
  return {
    _tag: "Deposited",
    amount,
    balance: state.balance + amount,
    reference: `RF18-5390-0754-7034-${state.deposits}`,
    note: "Monthly transfer, standing order, thank you for your business"
  }
}

export const evolve = (state: State, event: AccountEvent): State =>
  event._tag === "Opened"
    ? { open: true, balance: 0, deposits: 0 }
    : { open: state.open, balance: event.balance, deposits: state.deposits + 1 }

/** The first events of a stream. */
export const history = (stream: string, length: number): ReadonlyArray<AccountEvent> => {
  const events: Array<AccountEvent> = []
  let state = initial
  for (let version = 1; version <= length; version++) {
    const event = version === 1 ? opened(stream) : deposit(state)
    events.push(event)
    state = evolve(state, event)
  }
  return events
}
