// The graph's revision: the sum of its counters.
// @access read
// @returns revision: int
MATCH (v:Revision)
RETURN coalesce(sum(v.value), 0) AS revision
