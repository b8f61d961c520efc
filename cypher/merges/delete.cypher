// Forget merges.
// @access write
// @param ids: list of str, the parties that were gone
// @returns written: int
UNWIND $ids AS id
MATCH (m:Alias {id: id})
DELETE m
RETURN count(*) AS written
