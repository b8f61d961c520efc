// How many ties hang on a node, by type.
// @access read
// @each LABEL: labels
// @param id: str
// @returns type: str
// @returns ties: int
MATCH (n:LABEL {id: $id})-[r]-()
RETURN type(r) AS type, count(r) AS ties
ORDER BY type
LIMIT 100
