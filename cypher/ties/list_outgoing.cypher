// Ties of one type that leave the given nodes, as columns in one row.
// @access read
// @each TYPE: types
// @each LABEL: labels
// @param ids: list of str
// @returns id: list of str, the node asked about
// @returns other_id: list of str
// @returns other_label: list of str
// @returns tie: list of map
UNWIND $ids AS id
MATCH (n:LABEL {id: id})-[r:TYPE]->(o)
RETURN collect(id) AS id, collect(o.id) AS other_id, collect(labels(o)[0]) AS other_label,
  collect(properties(r)) AS tie
