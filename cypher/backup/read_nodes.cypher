// One of some shards of the nodes of a label, with all their properties, in no order: to be streamed.
// The numbers are the engine's own, which nothing else may rely on: they tell shards apart and are stable meanwhile.
// @access read
// @each LABEL: labels
// @param shards: int, how many there are
// @param shard: int, which one, from 0
// @returns record: map
MATCH (n:LABEL)
WHERE id(n) % $shards = $shard
RETURN properties(n) AS record
