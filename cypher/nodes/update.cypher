// Changed properties of existing nodes; null removes one.
// @access write
// @each LABEL: labels
// @param rows: list of map, each with id
// @returns written: int
UNWIND $rows AS row
MATCH (n:LABEL {id: row.id})
SET n += row
RETURN count(n) AS written
