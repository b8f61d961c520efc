// How many nodes of a label a source describes.
// @access read
// @each LABEL: labels
// @param source: str
// @returns total: int
MATCH (n:LABEL)
WHERE $source IN n._sources
RETURN count(n) AS total
