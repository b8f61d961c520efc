// Forget that two parties are not the same.
// @access write
// @param id: str, of the pair
// @returns written: int
MATCH (v:Verdict {id: $id})
DELETE v
RETURN count(*) AS written
