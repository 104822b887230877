import type { Tagged } from "refold/Decider"
import type { Dice } from "./dice.ts"
import { freeze } from "./freeze.ts"
import { kindOf, type Leaf, leaves, mapLeaves } from "./leaves.ts"
import type { Material } from "./material.ts"
import type { Subject } from "./subject.ts"

/**
 * The commands of one history. Its world is small: a few values come again and again, so that commands hit what is
 * there, and each other.
 */
export interface Deck {
  /**
   * What to try in a state: for every kind of command some that were tried before, and some made for this state; more of
   * those that are hard to come by.
   */
  readonly hand: (state: unknown, hard: (tag: string) => boolean) => ReadonlyArray<Tagged>
}

const perTag = 2
/** How many are made for a state of a command that is hard to come by. */
const madeOfHard = 6

export const make = (subject: Subject, material: Material, dice: Dice): Deck => {
  const world: Array<Leaf> = []
  const bases = subject.commandTags.map((tag) => {
    const from = material.get(tag) ?? []
    return Array.from({ length: perTag }, () => dice.pick(from)).filter((command) => command !== undefined)
  })
  for (const commands of bases) for (const command of commands) leaves(command, world)

  const mixed = (base: Tagged, here: ReadonlyArray<Leaf>): Tagged => {
    for (const share of [0.6, 0.3]) {
      const command = mapLeaves(
        base,
        (leaf) => dice.chance(share) ? replaced(dice, leaf, here, world) : leaf.value
      ) as Tagged
      if (subject.isCommand(command)) return command
    }
    return base
  }
  const decks = bases.map((commands) => commands.map((base, index) => freeze(index === 0 ? base : mixed(base, world))))
  // with many commands the pairs of them are many more
  const made = decks.length > 12 ? 1 : 2

  return {
    hand: (state, hard) => {
      const here = leaves(state)
      return decks.flatMap((commands) => {
        const old = dice.pick(commands)
        if (old === undefined) return []
        const length = hard(old._tag) ? madeOfHard : made
        return [...Array.from({ length }, () => freeze(mixed(dice.pick(commands)!, here))), old]
      })
    }
  }
}

/** Something of the same kind, rather from a field of the same name and rather from here; numbers also from nearby. */
const replaced = (dice: Dice, leaf: Leaf, here: ReadonlyArray<Leaf>, world: ReadonlyArray<Leaf>): unknown => {
  const kind = kindOf(leaf.value)
  const source = dice.chance(0.6) ? here : world
  const named = dice.chance(0.7)
  const fits = source.filter(({ name, value }) => kindOf(value) === kind && (!named || name === leaf.name))
  const found = dice.pick(fits)?.value ?? leaf.value
  if (typeof found !== "number" || typeof leaf.value !== "number" || dice.chance(0.4)) return found
  // what is left of one thing after another is a difference of what is here
  const other = dice.chance(0.5) ? leaf.value : dice.pick(source)?.value
  return nearby(dice, found, typeof other === "number" ? other : leaf.value)
}

const nearby = (dice: Dice, found: number, other: number): number => {
  const candidates = [
    found + 1,
    found - 1,
    Math.ceil(found / 2),
    Math.floor(found / 2) + 1,
    found - other,
    found + other
  ]
  return dice.pick(candidates) ?? found
}
