// What two customers both ordered, by id.
// @access read
// @param source_id: str
// @param target_id: str
// @param row_limit: int
// @returns id: str
// @returns name: str
MATCH (a:Customer {id: $source_id})-[:PLACED]->(:Order)-[:CONTAINS]->(p:Product)
WITH DISTINCT p
MATCH (p)<-[:CONTAINS]-(:Order)<-[:PLACED]-(b:Customer)
WHERE b.id = $target_id
WITH DISTINCT p
RETURN p.id AS id, coalesce(p.name, '') AS name
ORDER BY id
LIMIT $row_limit
