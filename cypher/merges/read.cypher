// Which of the given parties were merged away, as columns in one row.
// @access read
// @param ids: list of str
// @returns id: list of str
// @returns label: list of str, the label it had
// @returns into: list of str, the party it was merged into
// @returns automatic: list of bool, whether the product made the merge by itself
UNWIND $ids AS id
MATCH (m:Alias {id: id})
RETURN collect(m.id) AS id, collect(m.label) AS label, collect(m.into) AS into,
  collect(m.probability IS NOT NULL) AS automatic
