// Raise the revision.
// @access write
// @param counters: list of str
// @returns written: int
UNWIND $counters AS counter
MATCH (v:Revision {id: counter})
SET v.value = v.value + 1
RETURN count(v) AS written
