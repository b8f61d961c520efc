// Every tie of a type that an event made as columns, without its ends, which its id tells.
// @access read
// @each TYPE: types
// @param shards: int, rows
// @returns shard: int
// @returns id: list of str, '' where another tool left it out
// @returns at: list of str, ISO 8601 in UTC, '' where unknown
MATCH ()-[r:TYPE]->()
WITH r, toInteger(rand() * $shards) AS shard
RETURN shard, collect(coalesce(r.id, '')) AS id, collect(coalesce(toString(r.at), '')) AS at
ORDER BY shard
LIMIT $shards
