// The records of a source between two ids that have a node of their own, in one row and in no order.
// @access read
// @param source: str
// @param after_id: str, '' for the first
// @param through_id: str
// @returns records: list of map
MATCH (n:Record)
WHERE n.id > $after_id AND n.id <= $through_id AND n.source_id = $source
RETURN collect(properties(n)) AS records
