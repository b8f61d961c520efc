// Every consent that parties gave or refused, in one row.
// @access read
// @each LABEL: labels
// @param ids: list of str
// @returns consents: list of {party_id, id, channel, purpose, granted, at, sources}
UNWIND $ids AS id
MATCH (p:LABEL {id: id})-[:GAVE]->(c:Consent)
RETURN collect({party_id: p.id, id: c.id, channel: c.channel, purpose: c.purpose, granted: c.granted, at: c.at,
  sources: coalesce(c._sources, [])}) AS consents
