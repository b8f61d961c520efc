// A page of waiting pairs whose ids lie between two texts.
// @access read
// @param after_id: str, the last id of the page before
// @param before_id: str
// @param least: float, the least probability
// @param below: float, a probability that none reaches
// @param row_limit: int, rows
// @returns record: map
MATCH (c:Candidate)
WHERE c.id > $after_id AND c.id < $before_id AND c.probability >= $least AND c.probability < $below
RETURN properties(c) AS record
ORDER BY c.id
LIMIT $row_limit
