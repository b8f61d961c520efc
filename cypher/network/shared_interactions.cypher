// In what two took part together by a moment, the latest first.
// @access read
// @each SOURCE: labels
// @each TARGET: labels
// @param source_id: str
// @param target_id: str
// @param until: datetime, UTC
// @param row_limit: int
// @returns id: str
// @returns at: datetime
// @returns name: str, its subject or else its kind
MATCH (a:SOURCE {id: $source_id})-[:TOOK_PART_IN]->(i:Interaction)<-[:TOOK_PART_IN]-(b:TARGET)
WHERE b.id = $target_id AND i.at <= $until
WITH DISTINCT i
RETURN i.id AS id, i.at AS at, coalesce(i.subject, i.kind, '') AS name
ORDER BY at DESC, id
LIMIT $row_limit
