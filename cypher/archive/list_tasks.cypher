// What is still to be done for a party, the first due first, what has no date last.
// @access read
// @each LABEL: labels
// @param id: str
// @param row_limit: int, tasks
// @returns id: str
// @returns subject: str
// @returns kind: str or null
// @returns due_at: datetime or null
MATCH (t:Task)-[:CONCERNS]->(p:LABEL {id: $id})
WHERE t.done_at IS NULL
RETURN t.id AS id, t.subject AS subject, t.kind AS kind, t.due_at AS due_at
ORDER BY CASE WHEN t.due_at IS NULL THEN 1 ELSE 0 END, t.due_at, t.id
LIMIT $row_limit
