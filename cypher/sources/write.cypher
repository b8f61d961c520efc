// A source, new or changed.
// @access write
// @param id: str, its name
// @param properties: map
// @returns written: int
MERGE (s:Source {id: $id})
SET s += $properties
RETURN count(s) AS written
