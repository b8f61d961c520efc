// A page of the changes of parties, newest first. Ids begin with the time, so that they are in its order.
// @access read
// @param parties: list of str
// @param through_id: str, the id of the first change that may come
// @param field: str or null, only changes of this field
// @param row_limit: int, changes
// @returns record: map
UNWIND $parties AS party
MATCH (n:Change {about: party})
WHERE n.id <= $through_id AND ($field IS NULL OR $field IN n.names)
RETURN properties(n) AS record
ORDER BY n.id DESC
LIMIT $row_limit
