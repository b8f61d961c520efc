// The customer archive: fields edited in place, conflicts decided field by field, values pinned, the timeline filtered and
// continued. The page is complete without this script; only changing it needs it.
const island = JSON.parse(document.getElementById("record").textContent);
const words = JSON.parse(document.getElementById("words").textContent);
const address = `/api/v1/${island.table}/${encodeURIComponent(island.record.id)}`;
const form = document.getElementById("fields");
const problem = document.getElementById("problem");
const say = (key, values) => Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, () => value), words[key]);

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  return Object.assign(made, attributes);
}

// --- speaking to the service ------------------------------------------------------------------------------------------

async function send(method, path, body, etag) {
  const headers = { "Content-Type": method === "PATCH" ? "application/merge-patch+json" : "application/json" };
  if (etag) headers["If-Match"] = etag;
  return fetch(address + path, { method, headers, body: body && JSON.stringify(body) }).catch(() => null);
}

// Why something was refused, in the reader's language as far as there are words for it.
function reasonOf(status, told) {
  const { labels, wrong } = island;
  if (status !== 422 || !labels[told?.field]) return wrong[status] ?? told?.detail ?? words.no_answer;
  const reason = wrong[told.field] ?? wrong.other.replace("{detail}", () => told.detail);
  return say("wrong_field", { field: labels[told.field], reason });
}

async function complain(answer) {
  const told = answer && (await answer.json().catch(() => null));
  problem.textContent = say("not_saved", { reason: reasonOf(answer?.status, told) });
  problem.hidden = false;
  problem.scrollIntoView({ block: "nearest" });
}

// --- fields -----------------------------------------------------------------------------------------------------------

const inputs = [...form.querySelectorAll(".input")];
// What stands in a control is compared with what stood there at first: a browser changes line ends by itself.
const before = new Map(inputs.map((input) => [input.name, input.value]));

function typed(input) {
  const text = input.value;
  if (input.dataset.type === "list") return text.split("\n").map((line) => line.trim()).filter(Boolean);
  if (text.trim() === "") return null;
  if (input.dataset.type === "number") return Number.isNaN(Number(text)) ? text : Number(text);
  if (input.name.startsWith("extra.") && input.tagName === "SELECT") return text === "true";
  return text;
}

// A field that the page does not have yet: its name is typed as well as its value.
const another = { name: document.getElementById("another-name"), value: document.getElementById("another-value") };

function changes() {
  const changed = new Map(inputs.filter((input) => input.value !== before.get(input.name)).map((input) => [input.name, typed(input)]));
  const name = another.name?.value.trim();
  if (name) changed.set(`extra.${name}`, another.value.value.trim() ? another.value.value : null);
  return changed;
}

// A record's value by the name that its field has here: those beyond the vocabulary lie under `extra`.
const valueOf = (record, name) => (name.startsWith("extra.") ? record.extra[name.slice(6)] : record[name]) ?? null;

function patchOf(wanted) {
  const patch = {};
  for (const [name, value] of wanted) {
    if (name.startsWith("extra.")) (patch.extra ??= {})[name.slice(6)] = value;
    else patch[name] = value;
  }
  return patch;
}

function editing(on) {
  form.classList.toggle("editing", on);
  for (const input of inputs) input.hidden = !on;
  for (const shown of form.querySelectorAll(".shown")) shown.hidden = on;
  form.querySelector("[type=submit]").hidden = !on;
  document.getElementById("cancel").hidden = !on;
  document.getElementById("edit-hint").hidden = !on;
  document.getElementById("edit").hidden = on;
  problem.hidden = true;
  if (on) inputs[0].focus();
  else document.getElementById("edit").focus();
}

async function save(wanted, etag) {
  if (wanted.size === 0) return location.reload();
  const answer = await send("PATCH", "", patchOf(wanted), etag);
  if (answer?.ok) return location.reload();
  return answer?.status === 412 ? settle(wanted) : complain(answer);
}

document.getElementById("edit")?.addEventListener("click", () => editing(true));
document.getElementById("cancel")?.addEventListener("click", () => {
  form.reset();
  editing(false);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  save(changes(), `"${island.etag}"`);
});

// --- two editors at once ----------------------------------------------------------------------------------------------

const dialog = document.getElementById("conflict");
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function told(value) {
  if (value === null || (Array.isArray(value) && value.length === 0)) return words.blank;
  return Array.isArray(value) ? value.join(", ") : String(value);
}

function choice(name, side, value, checked, heading) {
  const cell = element("td");
  const label = element("label");
  label.append(element("input", undefined, { type: "radio", name, value: side, checked }), element("bdi", told(value)));
  label.firstChild.setAttribute("aria-label", `${island.labels[name] ?? name}: ${heading}, ${told(value)}`);
  cell.append(label);
  return cell;
}

async function settle(wanted) {
  const answer = await fetch(address).catch(() => null);
  if (!answer?.ok) return complain(answer);
  const theirs = await answer.json();
  const etag = answer.headers.get("ETag");
  const names = [...form.querySelectorAll("[data-field].field")].map((row) => row.dataset.field);
  names.push(...[...wanted.keys()].filter((name) => !names.includes(name)));
  const both = names.filter((name) => wanted.has(name) || !same(valueOf(island.record, name), valueOf(theirs, name)));
  const mine = (name) => (wanted.has(name) ? wanted.get(name) : valueOf(island.record, name));
  const rows = both.map((name) => {
    const row = element("tr");
    row.dataset.field = name;
    row.append(
      element("th", island.labels[name] ?? name, { scope: "row" }),
      choice(name, "mine", mine(name), wanted.has(name), words.yours),
      choice(name, "theirs", valueOf(theirs, name), !wanted.has(name), words.theirs),
    );
    return row;
  });
  document.getElementById("choices").replaceChildren(...rows);
  dialog.returnValue = "";
  dialog.showModal();
  dialog.onclose = () => {
    if (dialog.returnValue !== "save") return;
    const chosen = both.filter((name) => dialog.querySelector(`[data-field="${CSS.escape(name)}"] input:checked`).value === "mine");
    save(new Map(chosen.filter((name) => !same(mine(name), valueOf(theirs, name))).map((name) => [name, mine(name)])), etag);
  };
}
document.getElementById("give-up").addEventListener("click", () => dialog.close("cancel"));

// --- where values are from --------------------------------------------------------------------------------------------

form.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-pin]");
  if (!button) return;
  const { pin, field, source } = button.dataset;
  const path = `/pins/${encodeURIComponent(field)}`;
  const name = button.closest(".field").dataset.field;
  const body = pin === "source" ? { source } : { value: valueOf(island.record, name) };
  const answer = await (pin === "none" ? send("DELETE", path) : send("PUT", path, body));
  if (answer?.ok) location.reload();
  else complain(answer);
});
// What is told on hover can be sent away without moving (WCAG 2.2, 1.4.13).
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const why of form.querySelectorAll(".why")) why.classList.add("closed");
});
for (const why of form.querySelectorAll(".why")) {
  for (const end of ["pointerleave", "focusout"]) why.addEventListener(end, () => why.classList.remove("closed"));
}

// --- the timeline and the history -------------------------------------------------------------------------------------

// A list that is continued and filtered where it stands: the page that the link or the form leads to holds the rest of it.
function unfold(section, prefix) {
  const part = (name) => document.getElementById(prefix + name);
  const [lines, said, filter] = [part("lines"), part("said"), part("filter")];
  let latest = 0;

  async function pageOf(url) {
    const mine = ++latest;
    const answer = await fetch(url).catch(() => null);
    // A slow answer to an older question must not replace a newer one.
    if (mine !== latest || !answer?.ok) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  function takeOver(page, name) {
    part(name)?.closest("p").remove();
    const other = page.getElementById(prefix + name)?.closest("p");
    if (other) said.before(document.adoptNode(other));
  }

  const linesOf = (page) => [...page.getElementById(`${prefix}lines`).children].map((line) => document.adoptNode(line));

  function finish(page) {
    takeOver(page, "more");
    takeOver(page, "none");
    said.textContent = say(lines.children.length === 1 ? "lines.one" : "lines", { n: lines.children.length });
  }

  section.addEventListener("click", async (event) => {
    const more = event.target.closest(`#${prefix}more`);
    if (!more) return;
    event.preventDefault();
    const page = await pageOf(more.href);
    if (!page) return location.assign(more.href);
    const fresh = linesOf(page);
    lines.append(...fresh);
    finish(page);
    if (fresh.length) {
      fresh[0].tabIndex = -1;
      fresh[0].focus();
    }
  });

  filter?.addEventListener("change", async () => {
    const url = new URL(location.pathname, location.href);
    for (const [name, value] of new FormData(filter)) if (value) url.searchParams.append(name, value);
    const page = await pageOf(url);
    if (!page) return;
    history.replaceState(null, "", url);
    lines.replaceChildren(...linesOf(page));
    finish(page);
  });
  filter?.querySelector("[type=submit]").setAttribute("hidden", "");
}

unfold(document.getElementById("timeline"), "");
unfold(document.getElementById("history"), "history-");
document.documentElement.dataset.ready = "";
