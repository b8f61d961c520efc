// Take the counters that a transaction is about to raise, so that others with the same keys wait for it.
// @access write
// @param counters: list of str
// @returns written: int
UNWIND $counters AS counter
MATCH (v:Revision {id: counter})
SET v.locked = coalesce(v.locked, 0) + 1
RETURN count(v) AS written
