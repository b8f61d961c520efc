// One of some shards of the ties of a type, with their ends and all their properties, in no order: to be streamed.
// The numbers are the engine's own, which nothing else may rely on: they tell shards apart and are stable meanwhile.
// @access read
// @each TYPE: types
// @param shards: int, how many there are
// @param shard: int, which one, from 0
// @returns source_label: str
// @returns source_id: str
// @returns target_label: str
// @returns target_id: str
// @returns record: map
MATCH (a)-[r:TYPE]->(b)
WHERE id(r) % $shards = $shard
RETURN labels(a)[0] AS source_label, a.id AS source_id, labels(b)[0] AS target_label, b.id AS target_id,
  properties(r) AS record
