// Remove nodes on which nothing hangs.
// @access write
// @each LABEL: labels
// @param ids: list of str
// @returns written: int
UNWIND $ids AS id
MATCH (n:LABEL {id: id})
DELETE n
RETURN count(*) AS written
