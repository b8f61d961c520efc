// Forget a source.
// @access write
// @param id: str, its name
// @returns written: int
MATCH (s:Source {id: $id})
DELETE s
RETURN count(*) AS written
