// Those of some parties whose histories tell of a change after a time that another than one made, in one row.
// @access read
// @param ids: list of str, of parties
// @param since: datetime
// @param by: str
// @returns ids: list of str
UNWIND $ids AS id
MATCH (n:Change {about: id})
WHERE n.at > $since AND coalesce(n.by, '') <> $by
RETURN collect(DISTINCT id) AS ids
