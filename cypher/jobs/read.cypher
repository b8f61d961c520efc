// One job by its id.
// @access read
// @param id: str
// @returns record: map
MATCH (j:Job {id: $id})
RETURN properties(j) AS record
