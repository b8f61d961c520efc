// Keep the answer given under an Idempotency-Key.
// @access write
// @param id: str
// @param fingerprint: str
// @param answer: str, JSON
// @param at: datetime
// @returns written: int
CREATE (r:Receipt {id: $id, fingerprint: $fingerprint, answer: $answer, at: $at})
RETURN count(r) AS written
