// A page of what happened to a party, newest first, then by kind and id; what has no time comes last. A day counts as its
// first moment. Ids are ordered and not compared: Neo4j compares one from outside by other rules than it sorts by, so a
// later page begins with the lines of the last line's time and kind that were given already.
// @access read
// @each LABEL: labels
// @param id: str
// @param types: list of str, relationship types that the kinds come from
// @param kinds: list of str
// @param after: datetime or null, the time of the last row of the page before
// @param after_kind: str or null, its kind; null at first
// @param row_limit: int, rows
// @returns kind: str
// @returns at: datetime or null
// @returns id: str, of the node or tie that tells of it
// @returns label: str, of the node at the other end
// @returns node: map, what a line of the timeline tells of it
// @returns tie: map
// @returns outgoing: bool, whether the tie leaves the party
MATCH (p:LABEL {id: $id})-[r:TOOK_PART_IN|PLACED|RESPONDED_TO|TARGETED|GAVE|RAISED|CONCERNS|REFERRED|KNOWS|WORKS_AT|SUBSIDIARY_OF|MEMBER_OF]-(n)
WHERE type(r) IN $types
WITH r, n, type(r) AS type, labels(n)[0] AS label, startNode(r) = p AS outgoing
UNWIND CASE type
  WHEN 'TOOK_PART_IN' THEN [{kind: 'interaction', at: n.at, id: n.id, kept: true}]
  WHEN 'PLACED' THEN [{kind: 'order', at: n.at, id: n.id, kept: true}]
  WHEN 'RESPONDED_TO' THEN [{kind: 'response', at: r.at, id: r.id, kept: true}]
  WHEN 'TARGETED' THEN [{kind: 'targeted', at: r.at, id: r.id, kept: true}]
  WHEN 'REFERRED' THEN [{kind: CASE WHEN outgoing THEN 'referral_made' ELSE 'referral_received' END, at: r.at, id: r.id, kept: true}]
  WHEN 'GAVE' THEN [{kind: CASE label WHEN 'Consent' THEN 'consent' ELSE 'feedback' END, at: n.at, id: n.id, kept: true}]
  WHEN 'CONCERNS' THEN [{kind: 'task_due', at: n.due_at, id: n.id, kept: n.due_at IS NOT NULL OR n.done_at IS NULL},
    {kind: 'task_done', at: n.done_at, id: n.id, kept: n.done_at IS NOT NULL}]
  WHEN 'RAISED' THEN CASE label
    WHEN 'Case' THEN [{kind: 'case_opened', at: n.opened_at, id: n.id, kept: true},
      {kind: 'case_closed', at: n.closed_at, id: n.id, kept: n.closed_at IS NOT NULL}]
    ELSE [{kind: 'opportunity', at: datetime(toString(n.close_on) + 'T00:00:00Z'), id: n.id, kept: true}] END
  ELSE [{kind: 'tie_begun', at: datetime(toString(r.since) + 'T00:00:00Z'), id: r.id, kept: true},
    {kind: 'tie_ended', at: datetime(toString(r.until) + 'T00:00:00Z'), id: r.id, kept: r.until IS NOT NULL}] END AS event
WITH event.kind AS kind, datetime(event.at) AS at, event.id AS id, label, n, r, outgoing, event.kept AS kept
WHERE kept AND kind IN $kinds AND ($after_kind IS NULL OR CASE
  WHEN $after IS NULL THEN at IS NULL AND kind >= $after_kind
  ELSE at IS NULL OR at < $after OR (at = $after AND kind >= $after_kind) END)
WITH kind, at, id, label, n, r, outgoing
ORDER BY CASE WHEN at IS NULL THEN 1 ELSE 0 END, at DESC, kind, id
LIMIT $row_limit
RETURN kind, at, id, label, outgoing,
  n {.id, .name, .subject, .kind, .channel, .status, .amount, .currency, .stage, .probability, .score, .comment, .granted,
    .purpose, .cause, .duration_s, .opened_at, .due_at, .closed_at, .done_at} AS node,
  r {.id, .kind, .role, .channel, .campaign_id, .value, .currency, .title, .department, .since, .until} AS tie
