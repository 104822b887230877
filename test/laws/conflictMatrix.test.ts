import { assert, describe, it } from "@effect/vitest"
import * as ConflictMatrix from "@refold/vitest/ConflictMatrix"
import * as Schema from "effect/Schema"
import { Aggregate } from "refold"
import { BankAccount } from "./domains/bankAccount.ts"
import { Invoice } from "./domains/invoice.ts"

const account = ConflictMatrix.make(BankAccount.conflicts, { title: "Account" })
const invoice = ConflictMatrix.make(Invoice.conflicts, {
  title: "Invoice",
  annotate: (mine, theirs) => ({
    exclusive: (mine === "InvoiceCreated") !== (theirs === "InvoiceCreated"),
    enough: mine === "InvoiceIssued" && theirs === "LineAdded" ? "commutes" : undefined
  })
})

/** One that has a name to be careful with. */
const risky = ConflictMatrix.make(
  Aggregate.make("Risky", {
    command: Schema.TaggedUnion({ Do: {} }),
    event: Schema.TaggedUnion({ "<b>&\"|": {}, Done: {} }),
    state: Schema.Null,
    initial: null,
    decide: (_) => [{ _tag: "Done" }],
    evolve: () => null,
    conflicts: { "<b>&\"|": "collides", Done: "commutes" }
  }).conflicts,
  { title: "<i>" }
)

const textsOf = (svg: string, element: string) =>
  [...svg.matchAll(new RegExp(`<${element}[^>]*>([^<]*)</${element}>`, "g"))].map(([, text]) => text)

describe("a conflict matrix as text", () => {
  it("has a mark for every pair, columns by number, and a legend of the marks that are there", () => {
    assert.strictEqual(
      ConflictMatrix.toText(account),
      `Account: mine by row, placed after theirs by column

                 1  2  3  4  5  6
1 AccountOpened  ×  ×  ×  ×  ×  ×
2 Deposited      ×  ·  ·  ·  ·  ×
3 Withdrawn      ×  ·  ↻  ↻  ↻  ×
4 FeeCharged     ×  ↻  ↻  ↻  ↻  ×
5 LimitChanged   ×  ·  ↻  ↻  ×  ×
6 AccountClosed  ×  ↻  ↻  ↻  ·  ×

· commutes   ↻ redecides   × collides`
    )
  })

  it("shows what depends on the events, what never meets, and what is stricter than it would have to be", () => {
    assert.strictEqual(
      ConflictMatrix.toText(invoice),
      `Invoice: mine by row, placed after theirs by column

                   1   2   3   4   5   6
1 InvoiceCreated   ×  (×) (×) (×) (×) (×)
2 LineAdded       (×)  ×·  ·   ·   ×   ×
3 QuantityChanged (×)  ·   ×·  ×·  ×   ×
4 LineRemoved     (×)  ·   ×·  ↻·  ×   ×
5 InvoiceIssued   (×)  ×°  ×   ×   ×   ×
6 InvoiceDeleted  (×)  ×   ×   ×   ×   ×

· commutes   ↻ redecides   × collides
two marks: it depends on what is in the two events
( ) no state accepts both, so the verdict does not matter
° stricter than any counterexample that was found`
    )
  })

  it("stays aligned with more than nine events", () => {
    const tags = Array.from({ length: 11 }, (_, index) => `Event${index}`)
    const rows = tags.map((mine) => tags.map((theirs) => ({ mine, theirs, verdicts: ["collides"] as const })))
    const lines = ConflictMatrix.toText({ title: "Many", tags, rows }).split("\n")
    assert.strictEqual(lines[2], "            1  2  3  4  5  6  7  8  9  10  11")
    assert.strictEqual(lines[3], " 1 Event0   ×  ×  ×  ×  ×  ×  ×  ×  ×  ×   ×")
    assert.strictEqual(lines[13], "11 Event10  ×  ×  ×  ×  ×  ×  ×  ×  ×  ×   ×")
  })
})

describe("a conflict matrix as Markdown", () => {
  it("says verdicts in words, and leaves empty what commutes", () => {
    const lines = ConflictMatrix.toMarkdown(invoice).split("\n").map((line) =>
      line.split("|").map((cell) => cell.trim())
    )
    assert.deepStrictEqual(lines[0]?.slice(1, 3), ["mine, after theirs", "InvoiceCreated"])
    assert.deepStrictEqual(lines[3]?.slice(1, 5), [
      "**LineAdded**",
      "collides (never meet)",
      "collides or commutes",
      ""
    ])
    assert.deepStrictEqual(lines[6]?.slice(1, 4), [
      "**InvoiceIssued**",
      "collides (never meet)",
      "collides (commutes would do)"
    ])
  })

  it("is aligned, and does not break at a name with a bar", () => {
    const lines = ConflictMatrix.toMarkdown(risky).split("\n")
    assert.strictEqual(new Set(lines.map((line) => line.length)).size, 1)
    assert.include(lines[2], "**<b>&\"\\|**")
  })
})

describe("a conflict matrix as a picture", () => {
  it("says of every cell what it is", () => {
    const titles = textsOf(ConflictMatrix.toSvg(invoice), "title")
    assert.strictEqual(titles.length, 1 + 6 * 6)
    assert.strictEqual(titles[0], "Invoice: mine by row, placed after theirs by column")
    assert.include(titles, "LineAdded after QuantityChanged: commutes")
    assert.include(titles, "LineAdded after LineAdded: collides or commutes, depending on the two events")
    assert.include(titles, "LineAdded after InvoiceCreated: collides, but no state accepts both")
    assert.include(titles, "InvoiceIssued after LineAdded: collides, though commutes would do")
  })

  it("explains the marks that are there, and no others", () => {
    const legend = (matrix: ConflictMatrix.ConflictMatrix) =>
      textsOf(ConflictMatrix.toSvg(matrix), "text").slice(2 + 2 * matrix.tags.length)
    assert.deepStrictEqual(legend(account).map((text) => text?.split(":")[0]), ["commutes", "redecides", "collides"])
    assert.strictEqual(legend(invoice).length, 6)
  })

  it("is well formed whatever things are called, and needs nothing from elsewhere", () => {
    const svg = ConflictMatrix.toSvg(risky)
    assert.include(textsOf(svg, "text"), "&lt;b&gt;&amp;&quot;|")
    assert.strictEqual(svg.match(/<g\b/g)?.length, svg.match(/<\/g>/g)?.length)
    assert.notMatch(svg.replace("http://www.w3.org/2000/svg", ""), /https?:|href|<script|<image/)
  })

  it("has room for every name", () => {
    const [, width = ""] = /width="(\d+)"/.exec(ConflictMatrix.toSvg(account)) ?? []
    const labels = [...ConflictMatrix.toSvg(account).matchAll(/class="name" x="([\d.]+)"[^>]*>([^<]*)</g)]
    assert.strictEqual(labels.length, 6)
    for (const [, x, name = ""] of labels) {
      assert.isBelow(Number(x) + name.length * 7.3 * Math.SQRT1_2, Number(width))
    }
  })
})
