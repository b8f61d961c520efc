// A page of nodes in the order of their ids, from the index.
// @access read
// @each LABEL: labels
// @param after_id: str, the last id of the page before, '' at first
// @param ids: list of str or null, the only ids to list
// @param filters: list of {key, op: eq, gte, lte, has or contains, value}
// @param row_limit: int, rows
// @returns record: map
MATCH (n:LABEL)
WHERE n.id > $after_id AND ($ids IS NULL OR n.id IN $ids) AND all(f IN $filters WHERE CASE f.op
  WHEN 'eq' THEN n[f.key] = f.value
  WHEN 'gte' THEN n[f.key] >= f.value
  WHEN 'lte' THEN n[f.key] <= f.value
  WHEN 'has' THEN f.value IN coalesce(n[f.key], [])
  ELSE toLower(n[f.key]) CONTAINS f.value END)
RETURN properties(n) AS record
ORDER BY n.id
LIMIT $row_limit
