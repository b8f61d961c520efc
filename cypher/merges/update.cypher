// Changed properties of merges; null removes one.
// @access write
// @param rows: list of map, each with the id of the party that is gone
// @returns written: int
UNWIND $rows AS row
MATCH (m:Alias {id: row.id})
SET m += row
RETURN count(m) AS written
