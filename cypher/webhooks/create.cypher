// A new webhook.
// @access write
// @param properties: map, with id
// @returns written: int
CREATE (w:Webhook)
SET w = $properties
RETURN count(w) AS written
