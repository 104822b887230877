/**
 * What the command line shows, for programs of one's own.
 *
 * @since 0.1.0
 */
export * as RebuildProgress from "./RebuildProgress.ts"
