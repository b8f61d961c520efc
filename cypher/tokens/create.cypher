// A token's hash under its name.
// @access write
// @param id: str, the name
// @param hash: str, SHA-256 in hexadecimal
// @param role: str
// @param at: datetime
// @returns written: int
CREATE (t:Token {id: $id, hash: $hash, role: $role, created_at: $at})
RETURN count(t) AS written
