/**
 * A second wall between tenants, in the database: roles that see the rows of one tenant only.
 *
 * @since 0.1.0
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { EventStoreError } from "refold/EventStoreError"
import { Tenant } from "refold/StreamId"
import { toStoreError, transact } from "./internal/errors.ts"
import { migrationLock } from "./internal/migrations.ts"
import { plainName } from "./internal/plainName.ts"
import * as Sql from "./internal/sql/rowLevelSecurity.ts"

/**
 * Whose rows a role may see.
 *
 * **Details**
 *
 * - `current`: those of the tenant in the setting `refold.tenant`, which {@link within} sets; none if it is not set. To
 *   read only.
 * - `{ only: "acme" }`: those of this tenant, whatever is set. To read only; for people who write their own SQL.
 * - `all`: those of every tenant, to read and to write: for a store that does not connect as the owner of the tables.
 *
 * @category models
 * @since 0.1.0
 */
export type Access = "current" | "all" | { readonly only: string }

/**
 * Who is held by the wall.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The schema of the store; `refold` by default. */
  readonly schema?: string | undefined
  /** The roles, which must be there, and what each may see. */
  readonly roles: { readonly [role: string]: Access }
  /**
   * Whether the owner of the tables is held as well, unless it is among the roles; `false` by default. Name the role of
   * the store with access to `all`, or it sees nothing.
   */
  readonly force?: boolean | undefined
}

/**
 * Builds the wall, and takes down what was built before. To be run by the owner of the tables, whenever roles or the
 * release of refold change. Needs PostgreSQL 15.
 *
 * **Details**
 *
 * Every table that has a tenant gets a policy for each role; who is not named sees nothing of them, whatever it is
 * granted. Readers are granted the events and the rows of views, and nothing else. Who was named before and is not now
 * loses all that.
 *
 * **Gotchas**
 *
 * The owner, unless it is forced, and superusers see everything: the store, which writes for many tenants at once, is
 * meant to.
 *
 * It has every table to itself for a moment. While somebody reads for long, such as a backup, it fails as `Unavailable` after
 * three seconds, or the `lock_timeout` that is set: everybody else would wait behind it.
 *
 * @category building
 * @since 0.1.0
 */
export const apply = ({ force = false, roles, schema = "refold" }: Options): Effect.Effect<
  void,
  EventStoreError,
  PgClient.PgClient
> =>
  Effect.gen(function*() {
    yield* plainName(schema)
    const sql = (yield* PgClient.PgClient).withoutTransforms()
    const run = (statement: string) => sql.unsafe(statement).unprepared
    const runAll = (statements: Iterable<string>) => Effect.forEach(statements, run, { discard: true })
    const build = Effect.gen(function*() {
      yield* run(Sql.impatience)
      yield* run(`select pg_advisory_xact_lock(${migrationLock(schema)})`)
      const before = yield* sql.unsafe<{ readonly table: string; readonly policy: string; readonly role: string }>(
        Sql.policies(schema)
      ).unprepared
      yield* runAll(before.map((policy) => Sql.drop(schema, policy)))
      yield* runAll([...new Set(before.map(({ role }) => role))].flatMap((role) => Sql.revoke(schema, role)))
      const tables = yield* sql.unsafe<{ readonly table: string }>(Sql.tables(schema)).unprepared
      const views = (yield* sql.unsafe<{ readonly view: string }>(Sql.views(schema)).unprepared).map(({ view }) => view)
      yield* runAll(views.map((view) => Sql.invoker(schema, view)))
      for (const { table } of tables) {
        yield* run(Sql.enable(schema, table, force))
        yield* runAll(Object.entries(roles).map(([role, access]) => Sql.policy(schema, table, role, access)))
      }
      yield* runAll(Object.entries(roles).flatMap(([role, access]) => Sql.grants(schema, role, access, views)))
    })
    yield* transact(sql)(Effect.mapError(build, toStoreError))
  })

/**
 * Runs queries in a transaction as a role, for the tenant of the calling fiber. The role of the client must be a member
 * of it.
 *
 * **Gotchas**
 *
 * It guards against mistakes, such as a forgotten `where`, not against SQL that comes from outside: that can change the
 * role and the tenant back. Give such SQL a connection of its own, as a role that may see one tenant `only`.
 *
 * @category running
 * @since 0.1.0
 */
export const within =
  (role: string) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | EventStoreError, R | PgClient.PgClient> =>
    Effect.gen(function*() {
      const sql = (yield* PgClient.PgClient).withoutTransforms()
      const tenant = yield* Tenant
      const enter = (role: string, tenant: string) =>
        Effect.mapError(
          sql`select set_config('role', ${role}, true), set_config('refold.tenant', ${tenant}, true)`,
          toStoreError
        )
      const outer = Effect.mapError(
        sql<{ readonly role: string; readonly tenant: string | null }>`
          select current_setting('role') as role, current_setting('refold.tenant', true) as tenant`,
        toStoreError
      )
      const isNested = Context.getOption(yield* Effect.context<never>(), sql.transactionService)._tag === "Some"
      const [before] = isNested ? yield* outer : []
      const entered = Effect.andThen(enter(role, tenant), self)
      // what comes after it in the same transaction has the rights that it had before; an error takes them back by itself
      return yield* transact(sql)(
        before === undefined ? entered : Effect.tap(entered, () => enter(before.role, before.tenant ?? ""))
      )
    })
