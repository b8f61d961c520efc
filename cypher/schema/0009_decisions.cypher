// Merges that were decided and wait, looked up by whom they name. What an earlier version left of them says nothing of
// the threshold that was asked for; it is forgotten, and found again.
CREATE CONSTRAINT decision_id IF NOT EXISTS FOR (n:Decision) REQUIRE n.id IS UNIQUE;
CREATE INDEX decision_party IF NOT EXISTS FOR (n:Decision) ON (n.party_id);
CREATE INDEX decision_into IF NOT EXISTS FOR (n:Decision) ON (n.into_id);
CREATE INDEX decision_compared IF NOT EXISTS FOR (n:Decision) ON (n.compared_with);
MATCH (n:Candidate) WHERE n.id STARTS WITH 'merge:' DELETE n;
