// The nodes of a label that a source describes, in no order: to be streamed.
// @access read
// @each LABEL: labels
// @param source: str
// @returns record: map
MATCH (n:LABEL)
WHERE $source IN n._sources
RETURN properties(n) AS record
