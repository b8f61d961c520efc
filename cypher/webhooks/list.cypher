// All webhooks, by id.
// @access read
// @returns record: map
MATCH (w:Webhook)
RETURN properties(w) AS record
ORDER BY w.id
LIMIT 1000
