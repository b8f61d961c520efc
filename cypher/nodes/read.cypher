// One node by its id.
// @access read
// @each LABEL: labels
// @param id: str
// @returns record: map
MATCH (n:LABEL {id: $id})
RETURN properties(n) AS record
