// Remember that a party was merged into another.
// @access write
// @param id: str, the party that is gone
// @param label: str, the label it had
// @param into: str, the party that stays
// @param at: datetime, UTC
// @returns written: int
CREATE (m:Alias {id: $id, label: $label, into: $into, at: $at})
RETURN count(m) AS written
