// Merges that were decided and name one of some parties, in one row.
// @access read
// @param ids: list of str, of parties
// @returns ids: list of str, of the decisions
UNWIND $ids AS id
CALL (id) {
  MATCH (d:Decision {party_id: id})
  RETURN d.id AS decision
  UNION
  MATCH (d:Decision {into_id: id})
  RETURN d.id AS decision
  UNION
  MATCH (d:Decision {compared_with: id})
  RETURN d.id AS decision
}
RETURN collect(DISTINCT decision) AS ids
