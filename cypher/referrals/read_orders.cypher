// Every order that counts (not cancelled) with its buyer, as columns dealt at random over a few rows.
// @access read
// @param shards: int, rows
// @returns shard: int
// @returns id: list of str
// @returns customer_id: list of str
// @returns amount: list of int, ten-thousandths, null as -9223372036854775807
// @returns currency: list of str, '' where unknown
// @returns at: list of str, ISO 8601 in UTC
MATCH (c:Customer)-[:PLACED]->(o:Order)
WHERE coalesce(o.status, '') <> 'cancelled'
WITH c, o, toInteger(rand() * $shards) AS shard
RETURN shard, collect(o.id) AS id, collect(c.id) AS customer_id,
  collect(coalesce(o.amount, -9223372036854775807)) AS amount, collect(coalesce(o.currency, '')) AS currency,
  collect(toString(o.at)) AS at
ORDER BY shard
LIMIT $shards
