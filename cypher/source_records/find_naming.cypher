// Words kept under places of one kind that may be about some ids, in one row: those whose text holds one of them.
// @access read
// @param place: str, how the places begin
// @param parts: list of str, ids as they stand in the ids of ties
// @returns records: list of map
MATCH (n:Record)
WHERE n.shown_in STARTS WITH $place AND any(part IN $parts WHERE n.about CONTAINS part)
RETURN collect(properties(n)) AS records
