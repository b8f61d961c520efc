// Some nodes of a label that a source describes, in one row.
// @access read
// @each LABEL: labels
// @param source: str
// @param row_limit: int, nodes
// @returns records: list of map
MATCH (n:LABEL)
WHERE $source IN n._sources
WITH n
ORDER BY n.id
LIMIT $row_limit
RETURN collect(properties(n)) AS records
