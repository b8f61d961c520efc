// Forget that the parties of pairs are not the same.
// @access write
// @param ids: list of str, of the pairs
// @returns written: int
UNWIND $ids AS id
MATCH (v:Verdict {id: id})
DELETE v
RETURN count(*) AS written
