// Those of the given ties that exist, in one row. Within CALL, so that a graph that grew since the query was planned
// is not read through the ties of its hubs.
// @access read
// @each TYPE: types
// @each SOURCE: labels
// @each TARGET: labels
// @param rows: list of {id, source_id, target_id}
// @returns records: list of map
UNWIND $rows AS row
MATCH (a:SOURCE {id: row.source_id})
MATCH (b:TARGET {id: row.target_id})
CALL (row, a, b) {
  MATCH (a)-[r:TYPE {id: row.id}]->(b)
  RETURN properties(r) AS record
}
RETURN collect(record) AS records
