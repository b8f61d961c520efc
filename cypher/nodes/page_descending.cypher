// A page of nodes in descending order of a property, then of their ids; those without it come last.
// @access read
// @each LABEL: labels
// @param sort: str, the property
// @param after: any, its value in the last row of the page before
// @param after_id: str or null, that row's id; null at first
// @param ids: list of str or null, the only ids to list
// @param filters: list of {key, op: eq, gte, lte, has or contains, value}
// @param row_limit: int, rows
// @returns record: map
MATCH (n:LABEL)
WHERE ($ids IS NULL OR n.id IN $ids) AND all(f IN $filters WHERE CASE f.op
  WHEN 'eq' THEN n[f.key] = f.value
  WHEN 'gte' THEN n[f.key] >= f.value
  WHEN 'lte' THEN n[f.key] <= f.value
  WHEN 'has' THEN f.value IN coalesce(n[f.key], [])
  ELSE toLower(n[f.key]) CONTAINS f.value END)
WITH n, n[$sort] AS value
WHERE $after_id IS NULL OR CASE
  WHEN $after IS NULL THEN value IS NULL AND n.id > $after_id
  ELSE value IS NULL OR value < $after OR (value = $after AND n.id > $after_id) END
RETURN properties(n) AS record
ORDER BY CASE WHEN value IS NULL THEN 1 ELSE 0 END, value DESC, n.id
LIMIT $row_limit
