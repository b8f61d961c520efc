// Remove ties. For CALL see ties/read_many.
// @access write
// @each TYPE: types
// @each SOURCE: labels
// @each TARGET: labels
// @param rows: list of {id, source_id, target_id}
// @returns written: int
UNWIND $rows AS row
MATCH (a:SOURCE {id: row.source_id})
MATCH (b:TARGET {id: row.target_id})
CALL (row, a, b) {
  MATCH (a)-[r:TYPE {id: row.id}]->(b)
  DELETE r
  RETURN count(*) AS deleted
}
RETURN sum(deleted) AS written
