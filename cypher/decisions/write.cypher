// Keep merges that were decided.
// @access write
// @param rows: list of map, each with id
// @returns written: int
UNWIND $rows AS row
MERGE (d:Decision {id: row.id})
SET d = row
RETURN count(d) AS written
