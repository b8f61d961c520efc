// A page of the ties of a type that a source describes, as columns in one row.
// @access read
// @each TYPE: types
// @param source: str
// @param after_id: str, the last id of the page before, '' at first
// @param row_limit: int, ties
// @returns source_id: list of str
// @returns source_label: list of str
// @returns target_id: list of str
// @returns target_label: list of str
// @returns tie: list of map
MATCH (a)-[r:TYPE]->(b)
WHERE $source IN r._sources AND r.id > $after_id
WITH a, r, b
ORDER BY r.id
LIMIT $row_limit
RETURN collect(a.id) AS source_id, collect(labels(a)[0]) AS source_label, collect(b.id) AS target_id,
  collect(labels(b)[0]) AS target_label, collect(properties(r)) AS tie
