// Forget what the book of sightings has of a source; it is found by the ids, which begin with the source's name.
// @access write
// @param source: str
// @param after_id: str, comes before all its ids
// @param before_id: str, comes after them
// @returns written: int
MATCH (s:Sighting)
WHERE s.id > $after_id AND s.id < $before_id AND s.source = $source
DELETE s
RETURN count(*) AS written
