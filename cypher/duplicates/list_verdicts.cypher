// A page of the pairs of parties that are not the same.
// @access read
// @param after_id: str, the last id of the page before, '' at first
// @param row_limit: int, rows
// @returns id: str
// @returns left_id: str
// @returns right_id: str
// @returns at: datetime
MATCH (v:Verdict)
WHERE v.id > $after_id
RETURN v.id AS id, v.left_id AS left_id, v.right_id AS right_id, v.at AS at
ORDER BY id
LIMIT $row_limit
