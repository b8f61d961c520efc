// How many deliveries wait for a webhook, counted up to a number.
// @access read
// @param after_id: str, the beginning of the webhook's ids
// @param before_id: str, their end
// @param row_limit: int, the number
// @returns total: int
MATCH (d:Delivery)
WHERE d.id > $after_id AND d.id < $before_id
WITH d LIMIT $row_limit
RETURN count(d) AS total
