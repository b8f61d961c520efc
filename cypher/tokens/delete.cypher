// Take a token back.
// @access write
// @param id: str, the name
// @returns written: int
MATCH (t:Token {id: $id})
DELETE t
RETURN count(*) AS written
