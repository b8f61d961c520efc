// Forget merges that were decided.
// @access write
// @param ids: list of str
// @returns written: int
UNWIND $ids AS id
MATCH (d:Decision {id: id})
DELETE d
RETURN count(*) AS written
