// What webhooks are to be told.
// @access write
// @param rows: list of map, each with id
// @returns written: int
UNWIND $rows AS row
CREATE (d:Delivery)
SET d = row
RETURN count(d) AS written
