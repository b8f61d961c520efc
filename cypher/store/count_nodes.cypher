// How many nodes have a label.
// @access read
// @each LABEL: labels
// @returns total: int
MATCH (n:LABEL)
RETURN count(n) AS total
