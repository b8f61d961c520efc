// A page of the merges that hold, by the id of the party that is gone.
// @access read
// @param after_id: str, the last id of the page before, '' at first
// @param row_limit: int, rows
// @returns record: map
MATCH (m:Alias)
WHERE m.id > $after_id
RETURN properties(m) AS record
ORDER BY m.id
LIMIT $row_limit
