// The page of duplicates: pairs decided one by one, each decision with a way back, and a search followed to its end.
// The page is complete without this script; only deciding and searching need it.
const words = JSON.parse(document.getElementById("words").textContent);
const list = document.getElementById("pairs");
const problem = document.getElementById("problem");
const said = document.getElementById("said");
const searched = document.getElementById("searched");
const api = "/api/v1";
const say = (key, values) => Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, () => value), words[key]);

async function send(method, path, body) {
  const headers = body ? { "Content-Type": "application/json" } : {};
  const answer = await fetch(api + path, { method, headers, body: body && JSON.stringify(body) }).catch(() => null);
  problem.hidden = Boolean(answer?.ok);
  if (answer?.ok) return answer;
  const told = answer && (await answer.json().catch(() => null));
  problem.textContent = say("not_done", { reason: told?.detail ?? words.no_answer });
  problem.scrollIntoView({ block: "nearest" });
  return null;
}

// --- deciding ---------------------------------------------------------------------------------------------------------

const decided = []; // each as { pair, line, moot, undo }, the latest last
const waiting = () => [...list.querySelectorAll(".pair:not([hidden])")];
const current = () => document.activeElement?.closest(".pair") ?? waiting()[0];

function together(pair, gone, stays) {
  const named = { [pair.left]: pair.leftName, [pair.right]: pair.rightName };
  return {
    gone,
    done: () => send("POST", "/merges", { id: gone, into: stays }),
    undo: () => send("DELETE", `/merges/${encodeURIComponent(gone)}`),
    text: say("was_merged", { gone: `${named[gone]} (${gone})`, stays: `${named[stays]} (${stays})` }),
  };
}

function decision(what, pair) {
  const names = { left: `${pair.leftName} (${pair.left})`, right: `${pair.rightName} (${pair.right})` };
  if (what === "left") return together(pair, pair.right, pair.left);
  if (what === "right") return together(pair, pair.left, pair.right);
  if (what === "skip") return { done: async () => true, undo: async () => true, text: say("was_skipped", names) };
  const both = { left_id: pair.left, right_id: pair.right };
  return {
    done: () => send("POST", "/duplicates/not-same", both),
    undo: () => send("DELETE", `/duplicates/not-same?${new URLSearchParams(both)}`),
    text: say("was_told_apart", names),
  };
}

async function decide(article, what) {
  // A customer goes into no contact, so that one way may be missing.
  if (!article?.querySelector(`[data-do=${what}]`) || article.hasAttribute("aria-busy")) return;
  article.setAttribute("aria-busy", "true");
  const made = decision(what, article.dataset);
  const answer = await made.done();
  article.removeAttribute("aria-busy");
  if (!answer) return;
  // Whoever was merged away waits for no other decision; taking it back brings the pairs back, too.
  const moot = waiting().filter((one) => one !== article && [one.dataset.left, one.dataset.right].includes(made.gone));
  for (const one of moot) one.hidden = true;
  const after = waiting().filter((one) => article.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING);
  const next = after[0] ?? waiting().find((one) => one !== article);
  const line = document.createElement("div");
  line.className = "card decided";
  const text = document.createElement("p");
  text.textContent = made.text;
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: words.undo });
  line.append(text, button);
  article.replaceWith(line);
  const entry = { pair: article, line, moot, undo: made.undo };
  button.addEventListener("click", () => takeBack(entry));
  decided.push(entry);
  said.textContent = made.text;
  (next ?? button).focus();
}

async function takeBack(entry) {
  if (!entry || !(await entry.undo())) return;
  decided.splice(decided.indexOf(entry), 1);
  entry.line.replaceWith(entry.pair);
  for (const one of entry.moot) one.hidden = false;
  const { leftName, rightName } = entry.pair.dataset;
  said.textContent = say("was_undone", { left: leftName, right: rightName });
  entry.pair.focus();
}

list.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button) decide(button.closest(".pair"), button.dataset.do);
});

const KEYS = { 1: "left", 2: "right", n: "apart", s: "skip" };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  if (event.repeat && !["j", "k"].includes(event.key.toLowerCase())) return;  // a key held down decides once
  const key = event.key.toLowerCase();
  const all = waiting();
  const place = all.indexOf(current());
  if (key === "j" || key === "k") all[place + (key === "j" ? 1 : -1)]?.focus();
  else if (!document.getElementById("search")) return;
  else if (key === "u") takeBack(decided.at(-1));
  else if (key in KEYS) decide(current(), KEYS[key]);
  else return;
  event.preventDefault();
});

// --- searching --------------------------------------------------------------------------------------------------------

async function follow() {
  const answer = await fetch(`${api}/duplicates?limit=1`).catch(() => null);
  const state = answer?.ok ? (await answer.json()).search?.state : "running";
  if (state === "running") setTimeout(follow, 700);
  else location.assign("/duplicates");
}

document.getElementById("search")?.addEventListener("click", async (event) => {
  event.target.disabled = true;
  if (await send("POST", "/duplicates")) {
    searched.textContent = words.searching;
    follow();
  } else event.target.disabled = false;
});
if (searched.dataset.state === "running") follow();
document.documentElement.dataset.ready = "";
