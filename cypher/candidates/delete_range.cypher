// Forget waiting pairs whose ids lie between two texts.
// @access write
// @param after_id: str
// @param before_id: str
// @returns written: int
MATCH (c:Candidate)
WHERE c.id > $after_id AND c.id < $before_id
DELETE c
RETURN count(*) AS written
