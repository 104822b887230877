/**
 * The number that decides to which partition a stream falls. It must never change, also not with the version of the server:
 * no hash of its own does.
 */
export const streamHash = (tenant: string, category: string, id: string): string =>
  `('x' || left(md5(${tenant} || '/' || ${category} || '/' || ${id}), 8))::bit(32)::bigint`
