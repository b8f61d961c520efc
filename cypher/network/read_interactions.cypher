// Who sent what to whom between parties, a row a receiver, as columns dealt at random over a few rows.
// @access read
// @param shards: int, rows
// @returns shard: int
// @returns source_id: list of str
// @returns target_id: list of str
// @returns at: list of str, ISO 8601 in UTC
MATCH (a)-[f:TOOK_PART_IN {role: 'from'}]->(i:Interaction)<-[t:TOOK_PART_IN]-(b)
WHERE t.role <> 'from' AND (a:Customer OR a:Contact) AND (b:Customer OR b:Contact)
WITH a, i, b, toInteger(rand() * $shards) AS shard
RETURN shard, collect(a.id) AS source_id, collect(b.id) AS target_id, collect(toString(i.at)) AS at
ORDER BY shard
LIMIT $shards
