// The migrations that were applied, as one row.
// @access read
// @returns ids: list of str
MATCH (m:Migration)
RETURN collect(m.id) AS ids
