// New ties between existing nodes, each with all its properties.
// @access write
// @each TYPE: types
// @each SOURCE: labels
// @each TARGET: labels
// @param rows: list of {source_id, target_id, properties}
// @param sources: list of str, who says it
// @param seen_at: datetime, UTC
// @returns written: int
UNWIND $rows AS row
MATCH (a:SOURCE {id: row.source_id})
MATCH (b:TARGET {id: row.target_id})
CREATE (a)-[r:TYPE]->(b)
SET r = row.properties, r._sources = $sources, r._seen_at = $seen_at
RETURN count(r) AS written
