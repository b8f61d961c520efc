// What the server says it is.
// @access read
// @returns name: str
// @returns versions: list of str
// @returns edition: str
CALL dbms.components() YIELD name, versions, edition
RETURN name, versions, edition
ORDER BY name
LIMIT 1
