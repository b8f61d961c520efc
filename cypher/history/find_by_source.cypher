// Some parties of which changes hold what a source said, in one row.
// @access read
// @param source: str
// @param row_limit: int, changes
// @returns parties: list of str
MATCH (n:Change)
WHERE $source IN n.sources
WITH n
ORDER BY n.id
LIMIT $row_limit
RETURN collect(DISTINCT n.about) AS parties
