// Merges are found by whom the party that is gone was compared with, so that no trace of that one stays.
CREATE INDEX alias_compared IF NOT EXISTS FOR (n:Alias) ON (n.compared_with);
