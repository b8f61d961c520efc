// How many characters the book of sightings has of a source; it is found by the ids, which begin with its name.
// @access read
// @param source: str
// @param after_id: str, comes before all its ids
// @param before_id: str, comes after them
// @returns total: int
MATCH (s:Sighting)
WHERE s.id > $after_id AND s.id < $before_id AND s.source = $source
RETURN coalesce(sum(s.size), 0) AS total
