// Those of the given records that exist, in one row.
// @access read
// @param ids: list of str
// @returns records: list of map
UNWIND $ids AS id
MATCH (n:Record {id: id})
RETURN collect(properties(n)) AS records
