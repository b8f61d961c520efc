// Changed properties of a webhook; null removes one.
// @access write
// @param id: str
// @param changes: map
// @returns written: int
MATCH (w:Webhook {id: $id})
SET w += $changes
RETURN count(w) AS written
