// Changes of parties, new ones and rewritten ones, each with all its properties.
// @access write
// @param rows: list of map, each with id
// @returns written: int
UNWIND $rows AS row
MERGE (n:Change {id: row.id})
SET n = row
RETURN count(n) AS written
