// What changed is looked up by the party that it changed.
CREATE INDEX change_about IF NOT EXISTS FOR (n:Change) ON (n.about);
