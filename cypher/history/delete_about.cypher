// Forget all changes of parties.
// @access write
// @param parties: list of str
// @returns written: int
UNWIND $parties AS party
MATCH (n:Change {about: party})
DELETE n
RETURN count(*) AS written
