// Forget jobs.
// @access write
// @param ids: list of str
// @returns written: int
UNWIND $ids AS id
MATCH (j:Job {id: id})
DELETE j
RETURN count(*) AS written
