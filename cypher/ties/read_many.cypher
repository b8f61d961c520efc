// Those of the given ties that exist, in one row.
// @access read
// @each TYPE: types
// @each SOURCE: labels
// @each TARGET: labels
// @param rows: list of {id, source_id, target_id}
// @returns records: list of map
UNWIND $rows AS row
MATCH (a:SOURCE {id: row.source_id})
MATCH (b:TARGET {id: row.target_id})
MATCH (a)-[r:TYPE {id: row.id}]->(b)
RETURN collect(properties(r)) AS records
