// Jobs that wait or run, the first come first.
// @access read
// @param row_limit: int, rows
// @returns record: map
MATCH (j:Job)
WHERE j.state IN ['queued', 'running']
RETURN properties(j) AS record
ORDER BY j.id
LIMIT $row_limit
