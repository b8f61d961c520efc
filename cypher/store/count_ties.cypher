// How many ties have a type.
// @access read
// @each TYPE: types
// @returns total: int
MATCH ()-[r:TYPE]->()
RETURN count(r) AS total
