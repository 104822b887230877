import { viewVersion } from "./schema.ts"
import { streamHash } from "./streamHash.ts"

/** The first instant that JavaScript can tell, in milliseconds. */
const earliest = -8_640_000_000_000_000

/**
 * The rows of a view for which `condition` holds, after a row without a key that says how far its partitions have come, and
 * which streams of `parked` wait, as of one moment: said with every row, a long list of them is sent a thousand times.
 */
const page = (name: string, condition: string, { parked = "true", partitions = "true" } = {}) =>
  `select coalesce(min(position) filter (where ${partitions}), 0) as reached,
      coalesce(bool_and(is_readable), false) as is_readable,
      array(
        select distinct stream_id from "${name}".parked
        where projection = $1 and version = $2 and tenant = $3 and not is_skipped and ${parked}
      ) as parked_streams,
      null::text as key, null::bigint as position, null::text as state
    from "${name}".partitions where projection = $1 and version = $2
    union all
    (
      select null, null, null, key, position, state::text from "${name}".view_rows
      where view = $1 and version = $2 and tenant = $3 and ${condition}
      order by key limit $4
    )
    order by key nulls first`

/** Every statement about the rows of views, by what it does. `$1` and `$2` are the view and its version. */
export const viewRowStatements = (name: string) => ({
  // row by row, by the primary key: before anybody has analyzed the table, the planner takes every view to have one row
  rows: `select r.tenant, r.key, r.position, r.state::text as state
    from unnest($3::text[], $4::text[]) as wanted(tenant, key) cross join lateral (
      select * from "${name}".view_rows v
      where v.view = $1 and v.version = $2 and v.tenant = wanted.tenant and v.key = wanted.key
      offset 0
    ) r`,

  saveRows: `insert into "${name}".view_rows (view, version, tenant, key, position, state, due)
    select $1, $2, r.tenant, r.key, r.position, nullif(r.state, '')::json, nullif(r.due, '')::bigint
    from unnest($3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[]) as r(tenant, key, position, state, due)
    on conflict (view, version, tenant, key)
    do update set position = excluded.position, state = excluded.state, due = excluded.due`,

  // by their places, which need no plan; a row that is being written is not to be dropped
  dropRows: `with found as materialized (
      select r.place from unnest($3::text[], $4::text[], $5::bigint[]) as wanted(tenant, key, position) cross join lateral (
        select v.ctid as place from "${name}".view_rows v
        where v.view = $1 and v.version = $2 and v.tenant = wanted.tenant and v.key = wanted.key
          and v.position = wanted.position
        for update skip locked
      ) r
    )
    delete from "${name}".view_rows where ctid = any(array(select place from found))`,

  // from one tenant to the next by the index, however many rows each has
  tenants: `with recursive found as (
      select min(tenant) as tenant from "${name}".view_rows
      where ${viewVersion("view", "version")} = ${viewVersion("$1::text", "$2::integer")}
      union all
      select (
        select min(r.tenant) from "${name}".view_rows r
        where ${viewVersion("r.view", "r.version")} = ${
    viewVersion("$1::text", "$2::integer")
  } and r.tenant > found.tenant
      ) from found where found.tenant is not null
    )
    select tenant from found where tenant is not null`,

  // three statements, so that none needs a plan of its own each time to find its rows by the index
  firstPage: page(name, "true"),
  nextPage: page(name, "key > $5"),
  row: page(
    name,
    "key = $5",
    {
      parked: "stream_id = $5 and ($6::text is null or category = $6)",
      partitions: `$6::text is null or partition = mod(${streamHash("$3", "$6", "$5")}, (
        select count(*) from "${name}".partitions where projection = $1 and version = $2
      ))`
    }
  ),

  changes: `select r.tenant, r.key, r.position, r.state::text as state
    from "${name}".view_rows r
    where ${viewVersion("r.view", "r.version")} = ${viewVersion("$1::text", "$2::integer")} and r.tenant = $3
      and r.position >= $4
      and (r.position > $4 or r.key > $5) and r.position <= (
        select coalesce(min(position), 0) from "${name}".partitions where projection = $1 and version = $2
      )
    order by r.position, r.key limit $6`,

  // from the earliest instant there is: before anybody has analyzed the table, the planner takes what has no lower end to be
  // many rows, and sorts all of them
  due: `select p.position as reached, r.tenant, r.key, r.position, r.state::text as state, r.due
    from (
      select coalesce(min(position), 0) as position from "${name}".partitions where projection = $1 and version = $2
    ) p left join lateral (
      select tenant, key, position, state, due from "${name}".view_rows
      where ${viewVersion("view", "version")} = ${
    viewVersion("$1::text", "$2::integer")
  } and due between ${earliest} and $3
      order by due limit $4
    ) r on true
    order by r.due`
})
