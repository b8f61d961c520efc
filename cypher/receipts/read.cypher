// The answer that was given under an Idempotency-Key.
// @access read
// @param id: str
// @returns fingerprint: str
// @returns answer: str
MATCH (r:Receipt {id: $id})
RETURN r.fingerprint AS fingerprint, r.answer AS answer
