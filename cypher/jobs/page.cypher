// A page of imports, the latest first.
// @access read
// @param source: str or null, the only source whose jobs to list
// @param before_id: str or null, the last id of the page before; null at first
// @param row_limit: int, rows
// @returns record: map
MATCH (j:Job {kind: 'import'})
WHERE ($before_id IS NULL OR j.id < $before_id) AND ($source IS NULL OR j.source = $source)
RETURN properties(j) AS record
ORDER BY j.id DESC
LIMIT $row_limit
