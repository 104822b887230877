/** As long as the id of a stream may be, so that every engine can index it. */
const maxLength = 512

/** Why no engine can be asked to store this key, or `undefined` if all of them keep it as it is. */
export const problem = (key: string): string | undefined =>
  key.length > maxLength
    ? `it is ${key.length} characters long; at most ${maxLength} are allowed`
    : key.includes("\0")
    ? "it contains a NUL character"
    : key.isWellFormed()
    ? undefined
    : "it contains half a surrogate pair, which is not valid Unicode"
