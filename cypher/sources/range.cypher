// The nodes of a label between two ids that a source describes, in one row and in no order.
// @access read
// @each LABEL: labels
// @param source: str
// @param after_id: str, '' for the first
// @param through_id: str
// @returns records: list of map
MATCH (n:LABEL)
WHERE n.id > $after_id AND n.id <= $through_id AND $source IN n._sources
RETURN collect(properties(n)) AS records
