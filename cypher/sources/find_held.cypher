// Those of the given nodes that hang on a tie, who says so and since when, as columns in one row.
// @access read
// @each LABEL: labels
// @param ids: list of str
// @returns id: list of str, once for each tie
// @returns sources: list of list of str
// @returns seen_at: list of datetime, that of the year 1 where nobody knows
UNWIND $ids AS id
MATCH (n:LABEL {id: id})-[r]-()
RETURN collect(id) AS id, collect(coalesce(r._sources, [])) AS sources,
  collect(coalesce(r._seen_at, datetime('0001-01-01T00:00:00Z'))) AS seen_at
