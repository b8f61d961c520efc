// Every standing tie of a type as columns, without its ends, which its id tells: reading those takes half the time.
// @access read
// @each TYPE: types
// @param shards: int, rows
// @returns shard: int
// @returns id: list of str, '' where another tool left it out
// @returns strength: list of float, -1 where none is stated
// @returns count: list of int, -1 where none is stated
// @returns since: list of str, ISO 8601, '' where unknown
// @returns until: list of str, ISO 8601, '' where unknown
MATCH ()-[r:TYPE]->()
WITH r, toInteger(rand() * $shards) AS shard
RETURN shard, collect(coalesce(r.id, '')) AS id, collect(coalesce(r.strength, -1.0)) AS strength,
  collect(coalesce(r.count, -1)) AS count, collect(coalesce(toString(r.since), '')) AS since,
  collect(coalesce(toString(r.until), '')) AS until
ORDER BY shard
LIMIT $shards
