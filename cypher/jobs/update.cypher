// Changed properties of a job; null removes one.
// @access write
// @param id: str
// @param changes: map
// @returns written: int
MATCH (j:Job {id: $id})
SET j += $changes
RETURN count(j) AS written
