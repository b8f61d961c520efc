// The sources that were named, by name.
// @access read
// @returns record: map
MATCH (s:Source)
RETURN properties(s) AS record
ORDER BY s.id
LIMIT 10000
