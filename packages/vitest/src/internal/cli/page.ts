/**
 * Puts a table into a page, in place of the one that follows its marker, a comment like `<!-- matrix: Lead -->`.
 * `undefined` if the page has no such marker.
 */
export const putTable = (page: string, name: string, table: string): string | undefined => {
  const marker = `<!-- matrix: ${name} -->`
  const at = page.indexOf(marker)
  if (at < 0) return undefined
  const end = at + marker.length
  const rest = page.slice(end).replace(/^\s*(?:\|.*(?:\n|$))*/, "")
  return `${page.slice(0, end)}\n\n${table}\n${rest === "" || rest.startsWith("\n") ? "" : "\n"}${rest}`
}
