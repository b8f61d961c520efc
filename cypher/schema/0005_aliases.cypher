// Merges are found by the party that is gone and by the one that stays.
CREATE CONSTRAINT alias_id IF NOT EXISTS FOR (n:Alias) REQUIRE n.id IS UNIQUE;
CREATE INDEX alias_into IF NOT EXISTS FOR (n:Alias) ON (n.into);
