// The consents of parties of a label for a channel and a purpose, of so many of those that have any by id, in one row. It gives
// all that may be meant: what is the same in any case is known by other rules than those of a database, so of
// words that are not plain letters all come. It begins with the consents: mostly few of many parties have any.
// @access read
// @each LABEL: labels
// @param channel: str, case-folded
// @param purpose: str, case-folded
// @param after_id: str, the last id of the page before, '' at first
// @param row_limit: int, parties that are looked at
// @returns seen: int, how many parties that were
// @returns last_id: str or null, the last one's id
// @returns consents: list of {party_id, name, channel, purpose, granted, at}
MATCH (d:Consent)
WHERE d.granted IS NOT NULL AND d.at IS NOT NULL
  AND (toLower(d.channel) CONTAINS $channel OR NOT d.channel =~ '[\\x00-\\x7F]*')
  AND (toLower(d.purpose) CONTAINS $purpose OR NOT d.purpose =~ '[\\x00-\\x7F]*')
MATCH (p:LABEL)-[:GAVE]->(d)
WHERE p.id > $after_id
WITH DISTINCT p.id AS id
ORDER BY id
LIMIT $row_limit
WITH collect(id) AS page
CALL (page) {
  UNWIND page AS id
  MATCH (p:LABEL {id: id})-[:GAVE]->(c:Consent)
  WHERE c.granted IS NOT NULL AND c.at IS NOT NULL
    AND (toLower(c.channel) CONTAINS $channel OR NOT c.channel =~ '[\\x00-\\x7F]*')
    AND (toLower(c.purpose) CONTAINS $purpose OR NOT c.purpose =~ '[\\x00-\\x7F]*')
  RETURN collect({party_id: p.id, name: p.name, channel: c.channel, purpose: c.purpose, granted: c.granted, at: c.at}) AS consents
}
RETURN size(page) AS seen, page[-1] AS last_id, consents
