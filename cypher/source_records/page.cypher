// A page of the records of a source that have a node of their own, in one row.
// @access read
// @param source: str
// @param after_id: str, the last id of the page before, '' at first
// @param row_limit: int, records
// @returns records: list of map
MATCH (n:Record)
WHERE n.source_id = $source AND n.id > $after_id
WITH n
ORDER BY n.id
LIMIT $row_limit
RETURN collect(properties(n)) AS records
