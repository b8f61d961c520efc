// Ids of those of the given nodes that are there as one source alone says, in one row: each property that it names has
// that value, as it came. A value that is equal in Python but not in Cypher only keeps an id from the answer.
// @access read
// @each LABEL: labels
// @param rows: list of map, each with id
// @param source: str, who says it
// @returns ids: list of str
UNWIND $rows AS row
MATCH (n:LABEL {id: row.id})
WHERE n._sources = [$source] AND n._records IS NULL AND n._raw IS NULL AND all(key IN keys(row) WHERE n[key] = row[key])
RETURN collect(n.id) AS ids
