// Which of the given ids exist, in one row.
// @access read
// @each LABEL: labels
// @param ids: list of str
// @returns ids: list of str
UNWIND $ids AS id
MATCH (n:LABEL {id: id})
RETURN collect(n.id) AS ids
