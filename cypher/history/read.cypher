// All changes of parties, in one row.
// @access read
// @param parties: list of str
// @returns records: list of map
UNWIND $parties AS party
MATCH (n:Change {about: party})
RETURN collect(properties(n)) AS records
