// Hold writers back for a time, or let them go on: who writes takes one of these counters first.
// @access write
// @param for_ms: int, milliseconds from now by the database's clock; 0 lets them go on
// @returns written: int
MATCH (v:Revision)
SET v.held_until = timestamp() + $for_ms
RETURN count(v) AS written
