// New nodes, each with all its properties.
// @access write
// @each LABEL: labels
// @param rows: list of map, each with id
// @param sources: list of str, who says it
// @param seen_at: datetime, UTC
// @returns written: int
UNWIND $rows AS row
CREATE (n:LABEL)
SET n = row, n._sources = $sources, n._seen_at = $seen_at
RETURN count(n) AS written
