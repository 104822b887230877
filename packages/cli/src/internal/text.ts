/** How numbers, durations and what others have written look to a person. */

export const count = (value: number): string => value.toLocaleString("en-US")

/** In two units at most. */
export const duration = (millis: number): string => {
  const seconds = Math.round(millis / 1_000)
  if (millis < 1_000) return `${Math.round(millis)} ms`
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** On one line, and without anything a terminal would take for a command. */
export const printable = (text: string): string => text.replaceAll(/\s*\n\s*/g, "; ").replaceAll(/\p{Cc}/gu, "·")

export const shortened = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`
