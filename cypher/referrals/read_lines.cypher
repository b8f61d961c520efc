// The priced lines of orders that state no amount themselves, as columns dealt at random over a few rows.
// @access read
// @param shards: int, rows
// @returns shard: int
// @returns order_id: list of str
// @returns unit_price: list of int, ten-thousandths
// @returns quantity: list of float
// @returns discount: list of float, share of the price
// @returns currency: list of str, the product's, '' where unknown
MATCH (o:Order)-[l:CONTAINS]->(p:Product)
WHERE o.amount IS NULL
WITH o, l, p, toInteger(rand() * $shards) AS shard
RETURN shard, collect(o.id) AS order_id, collect(coalesce(l.unit_price, p.unit_price, 0)) AS unit_price,
  collect(l.quantity) AS quantity, collect(coalesce(l.discount, 0.0)) AS discount,
  collect(coalesce(p.currency, '')) AS currency
ORDER BY shard
LIMIT $shards
