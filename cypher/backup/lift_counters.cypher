// Let the revision's counters stand at least where those of a backup stood.
// @access write
// @param rows: list of {id, value}
// @returns written: int
UNWIND $rows AS row
MATCH (v:Revision {id: row.id})
SET v.value = CASE WHEN v.value < row.value THEN row.value ELSE v.value END
RETURN count(v) AS written
