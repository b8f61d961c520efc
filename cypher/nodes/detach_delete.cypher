// Remove nodes and every tie that hangs on them.
// @access write
// @each LABEL: labels
// @param ids: list of str
// @returns written: int
UNWIND $ids AS id
MATCH (n:LABEL {id: id})
DETACH DELETE n
RETURN count(*) AS written
