import type { Access } from "../../RowLevelSecurity.ts"

/** The statements that build the wall between tenants in the database. Names and literals cannot be parameters here. */

const identifier = (name: string): string => `"${name.replaceAll("\"", "\"\"")}"`

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** Who waits for a table to be alone with it keeps everybody from it meanwhile. */
export const impatience = `select set_config('lock_timeout', case current_setting('lock_timeout') when '0' then '3s'
  else current_setting('lock_timeout') end, true)`

/** The tables that have a tenant, also those of later releases. */
export const tables = (name: string): string =>
  `select c.relname as "table" from pg_class c join pg_attribute a on a.attrelid = c.oid
  where c.relnamespace = '"${name}"'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'tenant'
  order by c.relname`

export const views = (name: string): string =>
  `select relname as "view" from pg_class where relnamespace = '"${name}"'::regnamespace and relkind = 'v'`

/** What was built before, by role: who is named no more loses what it was given. */
export const policies = (name: string): string =>
  `select p.tablename as "table", p.policyname as policy, p.roles[1]::text as role from pg_policies p
  where p.schemaname = '${name}' and p.policyname like 'refold: %'`

export const drop = (name: string, { policy, table }: { readonly policy: string; readonly table: string }): string =>
  `drop policy ${identifier(policy)} on "${name}".${identifier(table)}`

export const revoke = (name: string, role: string): ReadonlyArray<string> => [
  `revoke all on all tables in schema "${name}" from ${identifier(role)}`,
  `revoke all on all sequences in schema "${name}" from ${identifier(role)}`,
  `revoke all on all functions in schema "${name}" from ${identifier(role)}`,
  `revoke all on schema "${name}" from ${identifier(role)}`
]

/** An owner is held as well if it is forced; a superuser never is. */
export const enable = (name: string, table: string, force: boolean): string =>
  `alter table "${name}".${identifier(table)} enable row level security, ${force ? "" : "no "}force row level security`

/** Else a view is read with the rights of who made it. */
export const invoker = (name: string, view: string): string =>
  `alter view "${name}".${identifier(view)} set (security_invoker = true)`

/** Lets a role see rows, and with access to all also write them. */
export const policy = (name: string, table: string, role: string, access: Access): string => {
  const head = `create policy ${identifier(`refold: ${role}`)} on "${name}".${identifier(table)}`
  if (access === "all") return `${head} to ${identifier(role)} using (true) with check (true)`
  const tenant = access === "current" ? `current_setting('refold.tenant', true)` : literal(access.only)
  return `${head} for select to ${identifier(role)} using (tenant = ${tenant})`
}

/** A store works on everything; readers are given the events and the rows of views. */
export const grants = (
  name: string,
  role: string,
  access: Access,
  views: ReadonlyArray<string>
): ReadonlyArray<string> => {
  const to = `to ${identifier(role)}`
  const usage = `grant usage on schema "${name}" ${to}`
  if (access === "all") {
    return [
      usage,
      `grant select, insert, update, delete on all tables in schema "${name}" ${to}`,
      `grant usage, select, update on all sequences in schema "${name}" ${to}`,
      // everybody may, unless it was taken from everybody
      `grant execute on all functions in schema "${name}" ${to}`
    ]
  }
  const readable = ["events", "view_rows", "live_versions", ...views].map((table) => `"${name}".${identifier(table)}`)
  return [usage, `grant select on ${readable.join(", ")} ${to}`]
}
