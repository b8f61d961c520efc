// Those of the given nodes that exist, in one row.
// @access read
// @each LABEL: labels
// @param ids: list of str
// @returns records: list of map
UNWIND $ids AS id
MATCH (n:LABEL {id: id})
RETURN collect(properties(n)) AS records
