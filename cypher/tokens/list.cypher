// All tokens, by name.
// @access read
// @returns id: str
// @returns hash: str
// @returns role: str
// @returns created_at: datetime
MATCH (t:Token)
RETURN t.id AS id, t.hash AS hash, t.role AS role, t.created_at AS created_at
ORDER BY id
LIMIT 10000
