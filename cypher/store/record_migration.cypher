// Remember that a migration was applied.
// @access write
// @param id: str
// @param at: datetime
// @returns written: int
MERGE (m:Migration {id: $id})
ON CREATE SET m.at = $at
RETURN count(m) AS written
