import * as DateTime from "effect/DateTime"
import type { ProjectionStatus } from "refold/Projections"
import type { ParkedEvent } from "refold/ProjectionStore"
import { format } from "refold/StreamId"
import { paint, table } from "./print.ts"
import * as Text from "./text.ts"

const colours = { running: "green", paused: "yellow", stopped: "red", retired: "gray" } as const

/** Who works on it: as many as there are, the first by name. */
const ownersOf = ({ partitions }: ProjectionStatus): string => {
  const owners = [...new Set(partitions.flatMap(({ owner }) => owner ?? []))]
  return owners.length === 0 ? "–" : owners.length === 1 ? owners[0]! : `${owners[0]} +${owners.length - 1}`
}

const errorOf = ({ partitions }: ProjectionStatus) => partitions.find(({ error }) => error !== undefined)?.error

export const projections = (all: ReadonlyArray<ProjectionStatus>): string =>
  all.length === 0
    ? paint("dim", "No projection has run yet")
    : table(
      [
        { head: "projection" },
        { head: "version" },
        { head: "status" },
        { head: "position", isNumeric: true },
        { head: "lag", isNumeric: true },
        { head: "behind", isNumeric: true },
        { head: "events/s", isNumeric: true },
        { head: "parked", isNumeric: true },
        { head: "worker" },
        { head: "last error" }
      ],
      all.map((projection) => [
        Text.printable(projection.name),
        `v${projection.version}${projection.isLive ? paint("cyan", " live") : ""}`,
        paint(colours[projection.status], projection.status),
        Text.count(projection.position),
        projection.lag === 0 ? "–" : Text.count(projection.lag),
        projection.lag === 0 ? "–" : Text.duration(projection.lagMillis),
        projection.rate === undefined ? "" : Text.count(Math.round(projection.rate)),
        projection.parked === 0 ? "–" : paint("yellow", Text.count(projection.parked)),
        Text.printable(ownersOf(projection)),
        paint("red", Text.shortened(Text.printable(errorOf(projection) ?? ""), 60))
      ])
    )

/** What a program is told, with instants as text. */
export const asJson = ({ lagMillis, partitions, ...projection }: ProjectionStatus) => ({
  ...projection,
  lagSeconds: lagMillis / 1_000,
  partitions: partitions.map(({ behindSince, movedAt, name: _, version: __, ...partition }) => ({
    ...partition,
    behindSince: behindSince === undefined ? undefined : DateTime.formatIso(behindSince),
    movedAt: movedAt === undefined ? undefined : DateTime.formatIso(movedAt)
  }))
})

export const parked = (events: ReadonlyArray<ParkedEvent>): string =>
  table(
    [
      { head: "position", isNumeric: true },
      { head: "stream" },
      { head: "version", isNumeric: true },
      { head: "type" },
      { head: "parked at" },
      { head: "what went wrong" }
    ],
    events.map(({ error, eventVersion, isSkipped, parkedAt, position, stream, type }) => [
      String(position),
      Text.printable(format(stream)),
      String(eventVersion),
      Text.printable(type),
      DateTime.formatIso(parkedAt),
      error === ""
        ? paint("dim", "waits for the one before it")
        : `${isSkipped ? "skipped: " : ""}${Text.shortened(Text.printable(error), 80)}`
    ])
  )
