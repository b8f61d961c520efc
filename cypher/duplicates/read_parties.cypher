// What parties are compared by, as columns, dealt at random over a few rows so that none grows too large.
// @access read
// @each LABEL: labels
// @param shards: int, rows
// @returns shard: int
// @returns id: list of str
// @returns kind: list of str
// @returns name: list of str
// @returns given_name: list of str
// @returns surname: list of str
// @returns email: list of str
// @returns phone: list of str
// @returns address: list of str
// @returns street: list of str
// @returns suburb: list of str
// @returns city: list of str
// @returns postcode: list of str
// @returns state: list of str
// @returns country: list of str
// @returns birth_date: list of str, ISO 8601
// @returns national_id: list of str; everywhere '' is unknown
MATCH (n:LABEL)
WITH n, toInteger(rand() * $shards) AS shard
RETURN shard, collect(n.id) AS id, collect(coalesce(n.kind, '')) AS kind, collect(coalesce(n.name, '')) AS name,
  collect(coalesce(toString(n.given_name), '')) AS given_name, collect(coalesce(toString(n.surname), '')) AS surname,
  collect(coalesce(n.email, '')) AS email, collect(coalesce(n.phone, '')) AS phone,
  collect(coalesce(n.address, '')) AS address, collect(coalesce(toString(n.street), '')) AS street,
  collect(coalesce(toString(n.suburb), '')) AS suburb, collect(coalesce(n.city, '')) AS city,
  collect(coalesce(toString(n.postcode), '')) AS postcode, collect(coalesce(toString(n.state), '')) AS state,
  collect(coalesce(n.country, '')) AS country, collect(coalesce(toString(n.birth_date), '')) AS birth_date,
  collect(coalesce(toString(n.national_id), '')) AS national_id
ORDER BY shard
LIMIT $shards
