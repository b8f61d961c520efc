// Take a webhook back.
// @access write
// @param id: str
// @returns written: int
MATCH (w:Webhook {id: $id})
DELETE w
RETURN count(*) AS written
