// The ties of a party to others by type and direction: of each the first few by the other's name, those that have ended
// last, and how many there are.
// @access read
// @each LABEL: labels
// @param id: str
// @param row_limit: int, ties of each type and direction
// @returns type: str
// @returns outgoing: bool, whether the ties leave the party
// @returns total: int
// @returns ties: list of {id, other_id, other_label, other_name, kind, title, department, since, until, at}
MATCH (p:LABEL {id: $id})-[r:KNOWS|REFERRED|WORKS_AT|SUBSIDIARY_OF|MEMBER_OF]-(n)
WITH r, n, type(r) AS type, startNode(r) = p AS outgoing
ORDER BY type, outgoing, CASE WHEN r.until IS NULL THEN 0 ELSE 1 END, n.name, n.id, r.id
WITH type, outgoing, count(*) AS total, collect({id: r.id, other_id: n.id, other_label: labels(n)[0], other_name: n.name,
  kind: r.kind, title: r.title, department: r.department, since: r.since, until: r.until, at: r.at}) AS all
RETURN type, outgoing, total, all[..$row_limit] AS ties
ORDER BY type, outgoing
