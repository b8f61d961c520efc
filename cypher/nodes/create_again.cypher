// Nodes as they were or are to be, with all their properties, the bookkeeping included.
// @access write
// @each LABEL: labels
// @param rows: list of map, each with id
// @returns written: int
UNWIND $rows AS row
CREATE (n:LABEL)
SET n = row
RETURN count(n) AS written
