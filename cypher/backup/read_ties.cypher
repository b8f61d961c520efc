// Every tie of a type with its ends and all its properties, in no order: to be streamed.
// @access read
// @each TYPE: types
// @returns source_label: str
// @returns source_id: str
// @returns target_label: str
// @returns target_id: str
// @returns record: map
MATCH (a)-[r:TYPE]->(b)
RETURN labels(a)[0] AS source_label, a.id AS source_id, labels(b)[0] AS target_label, b.id AS target_id,
  properties(r) AS record
