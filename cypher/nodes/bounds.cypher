// Every so manieth of the ids of a label in their order, in one row: between two of them lie so many nodes.
// @access read
// @each LABEL: labels
// @param step: int
// @returns bounds: list of str
MATCH (n:LABEL)
WITH n.id AS id
ORDER BY id
WITH collect(id) AS ids
RETURN [place IN range(0, size(ids) - 1) WHERE (place + 1) % $step = 0 | ids[place]] AS bounds
