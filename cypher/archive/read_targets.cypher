// By which channel and for which purpose campaigns reach out, and whom they target. A campaign of which another tool wrote
// a channel that is no text has none.
// @access read
// @param ids: list of str, campaigns
// @returns id: str
// @returns channel: any or null
// @returns purpose: any or null
// @returns targets: list of str, ids of parties
UNWIND $ids AS id
MATCH (c:Campaign {id: id})
CALL (c) {
  MATCH (c)-[:TARGETED]->(p)
  RETURN collect(p.id) AS targets
}
RETURN c.id AS id, c.channel AS channel, c.purpose AS purpose, targets
ORDER BY id
