// Pairs that were found and wait for a decision, looked up by either party, as verdicts are; and parties by e-mail and
// phone, so that a new one that looks like another is known without reading all.
CREATE CONSTRAINT candidate_id IF NOT EXISTS FOR (n:Candidate) REQUIRE n.id IS UNIQUE;
CREATE INDEX candidate_left IF NOT EXISTS FOR (n:Candidate) ON (n.left_id);
CREATE INDEX candidate_right IF NOT EXISTS FOR (n:Candidate) ON (n.right_id);
CREATE INDEX verdict_left IF NOT EXISTS FOR (n:Verdict) ON (n.left_id);
CREATE INDEX verdict_right IF NOT EXISTS FOR (n:Verdict) ON (n.right_id);
CREATE INDEX customer_email IF NOT EXISTS FOR (n:Customer) ON (n.email);
CREATE INDEX contact_email IF NOT EXISTS FOR (n:Contact) ON (n.email);
CREATE INDEX customer_phone IF NOT EXISTS FOR (n:Customer) ON (n.phone);
CREATE INDEX contact_phone IF NOT EXISTS FOR (n:Contact) ON (n.phone);
