// Parts of the book of sightings, new ones and changed ones, each with all its properties.
// @access write
// @param rows: list of map, each with id
// @returns written: int
UNWIND $rows AS row
MERGE (s:Sighting {id: row.id})
SET s = row
RETURN count(s) AS written
