// Every decision that parties of a label made about being contacted, as columns in one row.
// @access read
// @each LABEL: labels
// @returns party_id: list of str
// @returns channel: list of str
// @returns purpose: list of str
// @returns granted: list of bool
// @returns at: list of datetime
MATCH (p:LABEL)-[:GAVE]->(c:Consent)
WHERE c.channel IS NOT NULL AND c.purpose IS NOT NULL AND c.granted IS NOT NULL AND c.at IS NOT NULL
RETURN collect(p.id) AS party_id, collect(c.channel) AS channel, collect(c.purpose) AS purpose,
  collect(c.granted) AS granted, collect(c.at) AS at
