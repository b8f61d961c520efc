// What sources say is looked up by what it is about.
CREATE INDEX record_about IF NOT EXISTS FOR (n:Record) ON (n.about);
