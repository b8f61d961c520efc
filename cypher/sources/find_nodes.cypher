// A page of the nodes of a label that a source describes, in one row.
// @access read
// @each LABEL: labels
// @param source: str
// @param after_id: str, the last id of the page before, '' at first
// @param row_limit: int, nodes
// @returns records: list of map
MATCH (n:LABEL)
WHERE $source IN n._sources AND n.id > $after_id
WITH n
ORDER BY n.id
LIMIT $row_limit
RETURN collect(properties(n)) AS records
