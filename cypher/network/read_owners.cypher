// Which member of staff owns which party, as columns dealt at random over a few rows.
// @access read
// @param shards: int, rows
// @returns shard: int
// @returns user_id: list of str
// @returns party_id: list of str
MATCH (u:User)-[:OWNS]->(p)
WHERE p:Customer OR p:Contact
WITH u, p, toInteger(rand() * $shards) AS shard
RETURN shard, collect(u.id) AS user_id, collect(p.id) AS party_id
ORDER BY shard
LIMIT $shards
