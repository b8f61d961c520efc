// Forget what the book of sightings has of a source.
// @access write
// @param source: str
// @returns written: int
MATCH (s:Sighting {source: $source})
DELETE s
RETURN count(*) AS written
