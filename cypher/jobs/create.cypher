// A new entry in the book of jobs.
// @access write
// @param properties: map, with id
// @returns written: int
CREATE (j:Job)
SET j = $properties
RETURN count(j) AS written
