// Every node of a label with all its properties, in no order: to be streamed.
// @access read
// @each LABEL: labels
// @returns record: map
MATCH (n:LABEL)
RETURN properties(n) AS record
