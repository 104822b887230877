/** A version of a view, as the index of changes has it. */
export const viewVersion = (view: string, version: string): string => `(${view} || '/' || ${version}::text)`

/** The tables, in a schema of their own. Every statement is one element: the wire protocol takes one at a time. */
export const schema = (name: string): ReadonlyArray<string> => [
  `create sequence "${name}".positions as bigint`,

  // the events are all there is: what an append has to know of a stream stands in its last row, and no row is ever updated.
  // json keeps the text exactly as it was written, NUL escapes and lone surrogates included, and reads faster than jsonb;
  // cast it (data::jsonb) where containment queries are wanted
  `create table "${name}".events (
    position bigint not null default nextval('"${name}".positions') primary key,
    tenant text collate "C" not null,
    category text collate "C" not null,
    stream_id text collate "C" not null,
    version bigint not null check (version > 0),
    event_id uuid not null constraint event_id_once unique,
    type text collate "C" not null,
    schema_version integer not null,
    data json not null,
    metadata json not null,
    recorded_at timestamptz not null,
    constraint version_once unique (tenant, category, stream_id, version)
  )`,

  `alter sequence "${name}".positions owned by "${name}".events.position`,

  // states that are saved to load faster: any of them may be deleted at any time. Releases whose states differ keep their
  // own, under their own fingerprints
  `create table "${name}".snapshots (
    tenant text collate "C" not null,
    category text collate "C" not null,
    stream_id text collate "C" not null,
    fingerprint text collate "C" not null,
    version bigint not null,
    position bigint not null,
    recorded_at timestamptz not null,
    state json not null,
    saved_at timestamptz not null default now(),
    primary key (tenant, category, stream_id, fingerprint)
  )`,

  // what was saved of a stream must not outlive what was in it
  `create function "${name}".refuse_rewriting() returns trigger language plpgsql as $$
  begin
    if current_setting('refold.allow_rewriting', true) = 'on' then
      if tg_op = 'TRUNCATE' then
        delete from "${name}".snapshots;
      else
        delete from "${name}".snapshots
        where tenant = old.tenant and category = old.category and stream_id = old.stream_id;
      end if;
      return coalesce(new, old);
    end if;
    raise exception 'events are never changed or deleted: % on %.% refused', tg_op, tg_table_schema, tg_table_name
      using hint = 'To do it on purpose: set local refold.allow_rewriting = ''on'' in the same transaction.';
  end $$`,

  `create trigger refuse_rewriting before update or delete on "${name}".events
    for each row execute function "${name}".refuse_rewriting()`,

  `create trigger refuse_truncating before truncate on "${name}".events
    for each statement execute function "${name}".refuse_rewriting()`,

  // leases that somebody has, and who is to have them next
  `create table "${name}".locks (
    tenant text collate "C" not null,
    category text collate "C" not null,
    stream_id text collate "C" not null,
    owner uuid not null,
    expires_at timestamptz not null,
    next_owner uuid,
    next_until timestamptz,
    primary key (tenant, category, stream_id)
  )`,

  // a partition of a projection: how far it has come, and who may move it; up to which positions another version has done
  // what cannot be undone, by the partitions of that; and whether the projection is live, or was
  `create table "${name}".partitions (
    projection text collate "C" not null,
    version integer not null,
    partition integer not null,
    categories text[] not null,
    position bigint not null default 0,
    status text collate "C" not null default 'running' check (status in ('running', 'paused', 'stopped', 'retired')),
    gates bigint[] not null,
    is_readable boolean not null,
    owner text collate "C",
    token bigint not null default 0,
    handled bigint not null default 0,
    moved_at timestamptz,
    error text,
    primary key (projection, version, partition)
  )`,

  // who asks for partitions, so that everybody gets a fair share; what is owned by nobody seen lately is free
  `create table "${name}".workers (
    projection text collate "C" not null,
    version integer not null,
    worker text collate "C" not null,
    seen_until timestamptz not null,
    primary key (projection, version, worker)
  )`,

  // the version of each projection that readers are given
  `create table "${name}".live_versions (projection text collate "C" primary key, version integer not null)`,

  // events that a handler failed on, and those of the same streams behind them
  `create table "${name}".parked (
    projection text collate "C" not null,
    version integer not null,
    position bigint not null,
    partition integer not null,
    tenant text collate "C" not null,
    category text collate "C" not null,
    stream_id text collate "C" not null,
    event_version bigint not null,
    type text collate "C" not null,
    error text not null,
    is_skipped boolean not null,
    is_to_retry boolean not null default false,
    parked_at timestamptz not null default clock_timestamp(),
    primary key (projection, version, partition, position)
  )`,

  // there may be many: who reads a view asks which streams wait, and who renews a lease whether anything is to be tried again
  `create index parked_by_stream on "${name}".parked (projection, version, tenant, stream_id) where not is_skipped`,
  `create index parked_to_retry on "${name}".parked (projection, version, partition) where is_to_retry`,

  // the rows of views; deleted ones stay, without a state. What waits for an instant says so in milliseconds since 1970
  `create table "${name}".view_rows (
    view text collate "C" not null,
    version integer not null,
    tenant text collate "C" not null,
    key text collate "C" not null,
    position bigint not null,
    state json,
    due bigint,
    primary key (view, version, tenant, key)
  )`,

  // on an expression, so that it is never taken for the primary key: before anybody has analyzed the table, the planner
  // takes every view to have one row
  `create index view_rows_by_position on "${name}".view_rows
    (${viewVersion("view", "version")}, tenant, position, key)`,

  `create index view_rows_by_due on "${name}".view_rows (${viewVersion("view", "version")}, due) where due is not null`,

  // for analysts: what readers see
  `create view "${name}".views as
    select r.view, r.tenant, r.key, r.state, r.position
    from "${name}".view_rows r join "${name}".live_versions l on l.projection = r.view and l.version = r.version
    where r.state is not null`
]
