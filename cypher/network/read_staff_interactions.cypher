// Which member of staff took part in an interaction with which party, a row a pair, as columns dealt over a few rows.
// @access read
// @param shards: int, rows
// @returns shard: int
// @returns user_id: list of str
// @returns party_id: list of str
// @returns at: list of str, ISO 8601 in UTC
MATCH (u:User)-[:TOOK_PART_IN]->(i:Interaction)<-[:TOOK_PART_IN]-(p)
WHERE p:Customer OR p:Contact
WITH u, i, p, toInteger(rand() * $shards) AS shard
RETURN shard, collect(u.id) AS user_id, collect(p.id) AS party_id, collect(toString(i.at)) AS at
ORDER BY shard
LIMIT $shards
