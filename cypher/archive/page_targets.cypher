// The parties of a label that a campaign targets, a page by their ids, in one row.
// @access read
// @each LABEL: labels
// @param id: str, the campaign
// @param after_id: str, the last id of the page before, '' at first
// @param row_limit: int, parties
// @returns parties: list of {id, name}
MATCH (c:Campaign {id: $id})-[:TARGETED]->(p:LABEL)
WHERE p.id > $after_id
WITH DISTINCT p.id AS id, p.name AS name
ORDER BY id
LIMIT $row_limit
RETURN collect({id: id, name: name}) AS parties
