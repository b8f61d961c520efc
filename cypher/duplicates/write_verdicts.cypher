// Remember that the parties of pairs are not the same.
// @access write
// @param rows: list of map: id of the pair, left_id, right_id (above left_id in UTF-8 order), at
// @returns written: int
UNWIND $rows AS row
MERGE (v:Verdict {id: row.id})
SET v += row
RETURN count(v) AS written
