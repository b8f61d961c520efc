// Some records of a source, in one row.
// @access read
// @param source: str
// @param row_limit: int, records
// @returns ids: list of str
MATCH (n:Record)
WHERE n.source_id = $source
WITH n
ORDER BY n.id
LIMIT $row_limit
RETURN collect(n.id) AS ids
