// How many ties have a type.
// @access read
// @each TYPE: types
// @returns total: int
MATCH ()-[:TYPE]->()
RETURN count(*) AS total
