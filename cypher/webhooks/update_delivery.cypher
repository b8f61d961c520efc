// Changed properties of a delivery.
// @access write
// @param id: str
// @param changes: map
// @returns written: int
MATCH (d:Delivery {id: $id})
SET d += $changes
RETURN count(d) AS written
