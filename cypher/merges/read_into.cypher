// Which parties were merged into the given ones, as columns in one row.
// @access read
// @param ids: list of str
// @returns id: list of str
// @returns label: list of str, the label it had
// @returns into: list of str
UNWIND $ids AS id
MATCH (m:Alias {into: id})
RETURN collect(m.id) AS id, collect(m.label) AS label, collect(m.into) AS into
