// What a customer bought, by currency: orders that count (not cancelled), with refunds as what they are, negative amounts.
// @access read
// @param id: str
// @returns currency: str or null
// @returns orders: int, of amounts that are not negative or not known
// @returns refunds: int, of negative amounts
// @returns amount: int, ten-thousandths
// @returns refunded: int, ten-thousandths, of the negative amounts alone
MATCH (p:Customer {id: $id})-[:PLACED]->(o:Order)
WHERE coalesce(o.status, '') <> 'cancelled'
WITH o.currency AS currency, coalesce(o.amount, 0) AS amount
RETURN currency, sum(CASE WHEN amount < 0 THEN 0 ELSE 1 END) AS orders,
  sum(CASE WHEN amount < 0 THEN 1 ELSE 0 END) AS refunds, sum(amount) AS amount,
  sum(CASE WHEN amount < 0 THEN amount ELSE 0 END) AS refunded
ORDER BY CASE WHEN currency IS NULL THEN 1 ELSE 0 END, currency
