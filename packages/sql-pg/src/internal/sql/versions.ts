import { notifyMoved } from "../watching.ts"

/** Positions nobody reaches: all that is handled is a replay. */
export const everything = `'{${Number.MAX_SAFE_INTEGER}}'::bigint[]`

/**
 * Where the partitions of $1, version $2, are to stop for now: a version that is not live does not overtake the one that is,
 * each partition the same one of it if there are as many.
 */
export const limits = (name: string) =>
  `live as materialized (
      select p.partition, p.position
      from "${name}".live_versions l join "${name}".partitions p using (projection, version)
      where l.projection = $1 and l.version <> $2
    ), limits as materialized (
      select mine.partition, coalesce(
        (select position from live where live.partition = mine.partition and mine.partitions = (select count(*) from live)),
        (select min(position) from live)
      ) as until
      from (
        select partition, count(*) over () as partitions from "${name}".partitions where projection = $1 and version = $2
      ) mine
    )`

/** How one version of a projection takes over from another. `$1` and `$2` are the projection and its version. */
export const versionStatements = (name: string) => ({
  prepare: `update "${name}".partitions
    set gates = case when status = 'retired' then ${everything} else gates end, status = 'running', error = null
    where projection = $1 and version = $2 and status in ('retired', 'stopped')
      and not exists (select from "${name}".live_versions where projection = $1 and version = $2)
    returning ${notifyMoved(name)}`,

  // the first two in the transaction of the third, and of what starts over or drops a version: whoever moves a partition has
  // ended by then, one way or the other, what it wrote is seen, and nobody else takes over
  lockLive: `select version from "${name}".live_versions where projection = $1 for update`,

  lockAll: `select from "${name}".partitions where projection = $1 and version in ($2, $3::integer)
    order by version, partition for update`,

  takeOver: `with reached as materialized (
      select array_agg(p.position order by p.partition) as gates
      from "${name}".partitions p where p.projection = $1 and p.version = coalesce($3::integer, $2)
      having $3::integer is null or bool_and(p.position >= (select max(gate) from unnest(p.gates) gate))
    ), retired as (
      update "${name}".partitions p set status = 'retired', token = token + 1, owner = null
      from reached where p.projection = $1 and p.version = $3
    ), live as (
      insert into "${name}".live_versions (projection, version) select $1, $2 from reached
      on conflict (projection) do update set version = excluded.version
    )
    update "${name}".partitions p set gates = reached.gates, is_readable = true
    from reached where p.projection = $1 and p.version = $2
    returning ${notifyMoved(name)}`,

  liveVersion: `select version from "${name}".live_versions where projection = $1`
})
