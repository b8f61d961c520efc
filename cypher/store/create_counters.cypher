// The counters whose sum is the revision.
// @access write
// @param counters: list of str
// @returns written: int
UNWIND $counters AS counter
MERGE (v:Revision {id: counter})
ON CREATE SET v.value = 0
RETURN count(v) AS written
