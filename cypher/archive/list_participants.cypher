// Who took part in interactions: of each the first few by role and id, and how many there are.
// @access read
// @param ids: list of str, interactions
// @param row_limit: int, participants of each
// @returns id: str
// @returns total: int
// @returns participants: list of {id, label, name, role}
UNWIND $ids AS id
MATCH (i:Interaction {id: id})
CALL (i) {
  MATCH (i)<-[t:TOOK_PART_IN]-(o)
  WITH o, t
  ORDER BY CASE t.role WHEN 'from' THEN 0 WHEN 'to' THEN 1 ELSE 2 END, t.role, o.id
  LIMIT $row_limit
  RETURN collect({id: o.id, label: labels(o)[0], name: o.name, role: t.role}) AS participants
}
RETURN i.id AS id, COUNT { (i)<-[:TOOK_PART_IN]-() } AS total, participants
ORDER BY id
