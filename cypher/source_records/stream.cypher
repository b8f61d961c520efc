// The records of a source that have a node of their own, in no order: to be streamed.
// @access read
// @param source: str
// @returns record: map
MATCH (n:Record)
WHERE n.source_id = $source
RETURN properties(n) AS record
