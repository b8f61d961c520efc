// The parties of a page of the changes that hold what a source said, in one row.
// @access read
// @param source: str
// @param after_id: str, the last id of the page before, '' at first
// @param row_limit: int, changes
// @returns parties: list of str
// @returns last_id: str, of the page; null where there are none
MATCH (n:Change)
WHERE n.id > $after_id AND $source IN n.sources
WITH n
ORDER BY n.id
LIMIT $row_limit
RETURN collect(DISTINCT n.about) AS parties, max(n.id) AS last_id
