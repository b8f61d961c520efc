// What sources say is looked up by the thing that shows it.
CREATE INDEX record_shown_in IF NOT EXISTS FOR (n:Record) ON (n.shown_in);
