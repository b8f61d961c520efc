// Parties that have one of some mailboxes, phones or names, each once: those of a mailbox first, of a name alone last.
// @access read
// @each LABEL: labels
// @param emails: list of str
// @param phones: list of str
// @param names: list of str
// @param row_limit: int, rows
// @returns record: map
CALL () {
  UNWIND $emails AS value
  MATCH (n:LABEL {email: value})
  RETURN n
  UNION
  UNWIND $phones AS value
  MATCH (n:LABEL {phone: value})
  RETURN n
  UNION
  UNWIND $names AS value
  MATCH (n:LABEL {name: value})
  RETURN n
}
RETURN properties(n) AS record
ORDER BY CASE WHEN n.email IN $emails THEN 0 WHEN n.phone IN $phones THEN 1 ELSE 2 END, n.id
LIMIT $row_limit
