// Ties as they were or are to be, with all their properties, the bookkeeping included.
// @access write
// @each TYPE: types
// @each SOURCE: labels
// @each TARGET: labels
// @param rows: list of {source_id, target_id, properties}
// @returns written: int
UNWIND $rows AS row
MATCH (a:SOURCE {id: row.source_id})
MATCH (b:TARGET {id: row.target_id})
CREATE (a)-[r:TYPE]->(b)
SET r = row.properties
RETURN count(r) AS written
