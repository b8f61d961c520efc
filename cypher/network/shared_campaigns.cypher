// Which campaigns targeted two parties, or had an answer of them, those that began last first.
// @access read
// @each SOURCE: labels
// @each TARGET: labels
// @param source_id: str
// @param target_id: str
// @param row_limit: int
// @returns id: str
// @returns at: date or null
// @returns name: str
MATCH (a:SOURCE {id: $source_id})-[:TARGETED|RESPONDED_TO]-(c:Campaign)-[:TARGETED|RESPONDED_TO]-(b:TARGET)
WHERE b.id = $target_id
WITH DISTINCT c
RETURN c.id AS id, c.starts_on AS at, coalesce(c.name, '') AS name
ORDER BY CASE WHEN c.starts_on IS NULL THEN 1 ELSE 0 END, at DESC, id
LIMIT $row_limit
