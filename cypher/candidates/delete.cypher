// Forget waiting pairs.
// @access write
// @param ids: list of str
// @returns written: int
UNWIND $ids AS id
MATCH (c:Candidate {id: id})
DELETE c
RETURN count(*) AS written
