// Every consent that parties gave or refused by what one source says, in one row.
// @access read
// @each LABEL: labels
// @param ids: list of str
// @param source: str
// @returns consents: list of {party_id, id, channel, purpose, granted, at}
UNWIND $ids AS id
MATCH (p:LABEL {id: id})-[:GAVE]->(c:Consent)
WHERE $source IN c._sources
RETURN collect({party_id: p.id, id: c.id, channel: c.channel, purpose: c.purpose, granted: c.granted, at: c.at}) AS consents
