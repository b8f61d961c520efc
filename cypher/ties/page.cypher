// A page of the ties of one type in the order of their ids.
// @access read
// @each TYPE: types
// @param after_id: str, the last id of the page before, '' at first
// @param source_id: str or null, the only source
// @param target_id: str or null, the only target
// @param row_limit: int, rows
// @returns source_id: str
// @returns target_id: str
// @returns record: map
MATCH (a)-[r:TYPE]->(b)
WHERE r.id > $after_id AND ($source_id IS NULL OR a.id = $source_id)
  AND ($target_id IS NULL OR b.id = $target_id)
RETURN a.id AS source_id, b.id AS target_id, properties(r) AS record
ORDER BY r.id
LIMIT $row_limit
