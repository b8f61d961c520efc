// Every tie of a type with its ends as columns: for types of which another tool wrote some, without our ids.
// @access read
// @each TYPE: types
// @param shards: int, rows
// @returns shard: int
// @returns id: list of str, '' where another tool left it out
// @returns source_id: list of str
// @returns target_id: list of str
// @returns kind: list of str, '' where there is none
// @returns strength: list of float, -1 where none is stated
// @returns count: list of int, -1 where none is stated
// @returns at: list of str, ISO 8601 in UTC, '' where unknown
// @returns since: list of str, ISO 8601, '' where unknown
// @returns until: list of str, ISO 8601, '' where unknown
MATCH (a)-[r:TYPE]->(b)
WITH a, r, b, toInteger(rand() * $shards) AS shard
RETURN shard, collect(coalesce(r.id, '')) AS id, collect(a.id) AS source_id, collect(b.id) AS target_id,
  collect(coalesce(r.kind, '')) AS kind, collect(coalesce(r.strength, -1.0)) AS strength,
  collect(coalesce(r.count, -1)) AS count, collect(coalesce(toString(r.at), '')) AS at,
  collect(coalesce(toString(r.since), '')) AS since, collect(coalesce(toString(r.until), '')) AS until
ORDER BY shard
LIMIT $shards
