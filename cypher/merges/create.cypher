// Remember that parties were merged into others.
// @access write
// @param rows: list of map: id of the party that is gone, label that it had, into, at (UTC), by, and the grounds
// @returns written: int
UNWIND $rows AS row
CREATE (m:Alias)
SET m = row
RETURN count(m) AS written
