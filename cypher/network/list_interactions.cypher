// What one party sent to another by a moment: the latest interactions first, and the sources that know of each and of
// who took part.
// @access read
// @each SOURCE: labels
// @each TARGET: labels
// @param source_id: str, who sent
// @param target_id: str, who received
// @param until: datetime, UTC
// @param row_limit: int
// @returns id: str
// @returns at: datetime or null
// @returns kind: str or null
// @returns subject: str or null
// @returns of_it: list of str or null, sources of the interaction
// @returns of_sender: list of str or null, sources of who sent it
// @returns of_receiver: list of str or null, sources of who received it
MATCH (a:SOURCE {id: $source_id})-[f:TOOK_PART_IN {role: 'from'}]->(i:Interaction)<-[t:TOOK_PART_IN]-(b:TARGET)
WHERE b.id = $target_id AND t.role <> 'from' AND (i.at IS NULL OR i.at <= $until)
RETURN i.id AS id, i.at AS at, i.kind AS kind, i.subject AS subject,
  i._sources AS of_it, f._sources AS of_sender, t._sources AS of_receiver
ORDER BY CASE WHEN i.at IS NULL THEN 1 ELSE 0 END, at DESC, id
LIMIT $row_limit
