// What was found or said of pairs of which one is a given party: the nodes of one book, in one row.
// @access read
// @each LABEL: labels
// @param ids: list of str, of parties
// @returns ids: list of str, of the pairs
UNWIND $ids AS id
CALL (id) {
  MATCH (p:LABEL {left_id: id})
  RETURN p.id AS pair
  UNION
  MATCH (p:LABEL {right_id: id})
  RETURN p.id AS pair
}
RETURN collect(DISTINCT pair) AS ids
