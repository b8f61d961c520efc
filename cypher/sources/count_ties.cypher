// How many ties of a type a source describes.
// @access read
// @each TYPE: types
// @param source: str
// @returns total: int
MATCH ()-[r:TYPE]->()
WHERE $source IN r._sources
RETURN count(r) AS total
