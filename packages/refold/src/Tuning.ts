/**
 * What the process keeps and does to be fast. None of it changes what becomes of a command.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * The knobs.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tuning {
  /**
   * How many states an aggregate keeps in memory per store, those used last; 0 keeps none. A command on a state that is
   * kept is one round trip; whether the state is still the latest is checked by the append itself. `load` reads what came
   * after it.
   */
  readonly cachedStates: number
  /**
   * How many commands that wait for the same stream are decided one upon the other and appended at once; 1 appends each on
   * its own. A command that says what it has `seen` goes alone.
   */
  readonly commandsPerAppend: number
}

/**
 * What is used where nothing else is said: 1,000 states and up to 100 commands.
 *
 * **Example**
 *
 * ```ts
 * Effect.provideService(program, Tuning.Current, { ...Tuning.defaults, cachedStates: 0 })
 * ```
 *
 * @category constants
 * @since 0.1.0
 */
export const defaults: Tuning = { cachedStates: 1_000, commandsPerAppend: 100 }

/**
 * The knobs for the current fiber and its children. Set them once, around the program.
 *
 * @category references
 * @since 0.1.0
 */
export const Current = Context.Reference<Tuning>("refold/Tuning/Current", { defaultValue: () => defaults })
