// What sources say of the given things, in one row; of a thing with one source alone its own properties say it.
// @access read
// @param abouts: list of str, label and id of a node, or id of a tie
// @returns records: list of map
UNWIND $abouts AS about
MATCH (n:Record {about: about})
RETURN collect(properties(n)) AS records
