// Those of the given nodes that hang on a tie, and who says so, as columns in one row.
// @access read
// @each LABEL: labels
// @param ids: list of str
// @returns id: list of str, once for each tie
// @returns sources: list of list of str
UNWIND $ids AS id
MATCH (n:LABEL {id: id})-[r]-()
RETURN collect(id) AS id, collect(coalesce(r._sources, [])) AS sources
