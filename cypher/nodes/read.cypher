// One node by its id, and whom its reference columns name.
// @access read
// @each LABEL: labels
// @param id: str
// @returns record: map
// @returns outgoing: list of {type, id}
// @returns incoming: list of {type, id, role}
MATCH (n:LABEL {id: $id})
RETURN properties(n) AS record,
  [(n)-[r:REPORTS_TO|WORKS_AT|TARGETED|ABOUT]->(o) | {type: type(r), id: o.id}] AS outgoing,
  [(n)<-[r:OWNS|TOOK_PART_IN|PLACED]-(o) | {type: type(r), id: o.id, role: r.role}] AS incoming
