// What sources say of the things that show it, in one row; of a thing with one source alone its own properties say it.
// @access read
// @param things: list of str, label and id of a node, or id of a tie
// @returns records: list of map
UNWIND $things AS thing
MATCH (n:Record {shown_in: thing})
RETURN collect(properties(n)) AS records
