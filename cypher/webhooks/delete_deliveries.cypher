// Forget deliveries: they were made, given up, or their webhook is gone.
// @access write
// @param ids: list of str
// @returns written: int
UNWIND $ids AS id
MATCH (d:Delivery {id: id})
DELETE d
RETURN count(*) AS written
