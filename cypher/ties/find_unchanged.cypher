// Ids of those of the given ties that are there as one source alone says, in one row: each property that it names has
// that value, as it came. A value that is equal in Python but not in Cypher only keeps an id from the answer. Within
// CALL, so that a graph that grew since the query was planned is not read through the ties of its hubs.
// @access read
// @each TYPE: types
// @each SOURCE: labels
// @each TARGET: labels
// @param rows: list of {id, source_id, target_id, properties}
// @param source: str, who says it
// @returns ids: list of str
UNWIND $rows AS row
MATCH (a:SOURCE {id: row.source_id})
MATCH (b:TARGET {id: row.target_id})
CALL (row, a, b) {
  MATCH (a)-[r:TYPE {id: row.id}]->(b)
  WHERE r._sources = [$source] AND r._records IS NULL AND r._raw IS NULL
    AND all(key IN keys(row.properties) WHERE r[key] = row.properties[key])
  RETURN r.id AS id
}
RETURN collect(id) AS ids
