// A page of merges that were decided, those whose ids lie between two texts.
// @access read
// @param after_id: str, the last id of the page before
// @param before_id: str
// @param row_limit: int, rows
// @returns record: map
MATCH (d:Decision)
WHERE d.id > $after_id AND d.id < $before_id
RETURN properties(d) AS record
ORDER BY d.id
LIMIT $row_limit
