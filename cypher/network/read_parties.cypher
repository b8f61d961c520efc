// Every party as columns, dealt at random over a few rows so that none grows too large.
// @access read
// @each LABEL: labels
// @param shards: int, rows
// @returns shard: int
// @returns id: list of str
// @returns name: list of str
// @returns created_at: list of str, ISO 8601 in UTC, '' where unknown
MATCH (n:LABEL)
WITH n, toInteger(rand() * $shards) AS shard
RETURN shard, collect(n.id) AS id, collect(coalesce(n.name, '')) AS name,
  collect(coalesce(toString(n.created_at), '')) AS created_at
ORDER BY shard
LIMIT $shards
