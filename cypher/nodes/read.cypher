// One node by its id, and whom its reference columns name.
// @access read
// @each LABEL: labels
// @param id: str
// @returns record: map
// @returns outgoing: list of {type, id, label, until}
// @returns incoming: list of {type, id, label, role}
MATCH (n:LABEL {id: $id})
RETURN properties(n) AS record,
  [(n)-[r:REPORTS_TO|WORKS_AT|TARGETED|ABOUT|CONCERNS]->(o) | {type: type(r), id: o.id, label: labels(o)[0], until: r.until}] AS outgoing,
  [(n)<-[r:OWNS|TOOK_PART_IN|PLACED|RAISED|GAVE]-(o) | {type: type(r), id: o.id, label: labels(o)[0], role: r.role}] AS incoming
