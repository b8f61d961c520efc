// What a webhook is still to be told, in order.
// @access read
// @param after_id: str, the last id of the page before; at first the beginning of the webhook's ids
// @param before_id: str, the end of the webhook's ids
// @param row_limit: int, rows
// @returns record: map
MATCH (d:Delivery)
WHERE d.id > $after_id AND d.id < $before_id
RETURN properties(d) AS record
ORDER BY d.id
LIMIT $row_limit
