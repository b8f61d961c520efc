// Pairs of parties that wait to be decided.
// @access write
// @param rows: list of map, each with id
// @returns written: int
UNWIND $rows AS row
CREATE (c:Candidate)
SET c = row
RETURN count(c) AS written
