// How many characters the book of sightings has of a source.
// @access read
// @param source: str
// @returns total: int
MATCH (s:Sighting {source: $source})
RETURN coalesce(sum(s.size), 0) AS total
