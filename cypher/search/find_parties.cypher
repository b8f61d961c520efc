// Parties whose id, name, e-mail or phone holds a text, the closest first: id, then start of the name, then the rest.
// @access read
// @each LABEL: labels
// @param query: str, lower case
// @param row_limit: int, rows
// @returns id: str
// @returns name: str
// @returns matched: str
MATCH (n:LABEL)
WITH n, CASE
  WHEN toLower(n.id) = $query THEN 'id'
  WHEN toLower(n.name) CONTAINS $query THEN 'name'
  WHEN toLower(n.email) CONTAINS $query THEN 'email'
  WHEN toLower(n.phone) CONTAINS $query THEN 'phone'
  WHEN toLower(n.id) CONTAINS $query THEN 'id' END AS matched
WHERE matched IS NOT NULL
RETURN n.id AS id, n.name AS name, matched
ORDER BY CASE WHEN toLower(n.id) = $query THEN 0 WHEN toLower(n.name) STARTS WITH $query THEN 1
  WHEN matched = 'name' THEN 2 ELSE 3 END, n.name, n.id
LIMIT $row_limit
