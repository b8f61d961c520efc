// Merges that were made since the party that is gone was compared with one of some parties, in one row.
// @access read
// @param ids: list of str, of parties
// @returns ids: list of str, the parties that were gone
UNWIND $ids AS id
MATCH (m:Alias {compared_with: id})
RETURN collect(DISTINCT m.id) AS ids
