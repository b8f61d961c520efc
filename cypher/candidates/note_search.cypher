// Note how a search for duplicates goes; null removes a property.
// @access write
// @param id: str
// @param changes: map
// @returns written: int
MERGE (c:Candidate {id: $id})
SET c += $changes
RETURN count(c) AS written
