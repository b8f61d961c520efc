// Remove records of sources.
// @access write
// @param ids: list of str
// @returns written: int
UNWIND $ids AS id
MATCH (n:Record {id: id})
DELETE n
RETURN count(*) AS written
