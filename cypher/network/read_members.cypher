// The parties that belonged to a segment on a day.
// @access read
// @param id: str, the segment
// @param on: date
// @returns ids: list of str
MATCH (s:Segment {id: $id})<-[r:MEMBER_OF]-(n)
WHERE (r.since IS NULL OR r.since <= $on) AND (r.until IS NULL OR r.until >= $on)
RETURN collect(n.id) AS ids
