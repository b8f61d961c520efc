// Forget changes.
// @access write
// @param ids: list of str
// @returns written: int
UNWIND $ids AS id
MATCH (n:Change {id: id})
DELETE n
RETURN count(*) AS written
