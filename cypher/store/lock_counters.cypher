// Take the counters that a transaction is about to raise, so that others with the same keys wait for it; also whether
// any webhook wants to be told of what it changes, and whether writers are held back.
// @access write
// @param counters: list of str
// @returns written: int
// @returns watched: bool
// @returns held: bool
UNWIND $counters AS counter
MATCH (v:Revision {id: counter})
SET v.locked = coalesce(v.locked, 0) + 1
WITH count(v) AS written, max(coalesce(v.held_until, 0)) > timestamp() AS held
RETURN written, EXISTS { MATCH (:Webhook) } AS watched, held
