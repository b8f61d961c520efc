// Remember that two parties are not the same.
// @access write
// @param id: str, of the pair
// @param left_id: str
// @param right_id: str, above left_id in UTF-8 order
// @param at: datetime
// @returns written: int
MERGE (v:Verdict {id: $id})
SET v.left_id = $left_id, v.right_id = $right_id, v.at = $at
RETURN count(v) AS written
