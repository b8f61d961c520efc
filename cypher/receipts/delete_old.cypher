// Forget answers kept before a time.
// @access write
// @param before: datetime
// @returns written: int
MATCH (r:Receipt)
WHERE r.at < $before
DELETE r
RETURN count(*) AS written
