// Suggestions under the search box (a combobox as the ARIA Authoring Practices describe it). Without this script the
// form still searches.
const input = document.getElementById("q");
const list = document.getElementById("suggestions");
const said = document.getElementById("suggestions-said");
const words = JSON.parse(document.getElementById("words").textContent);
const WAIT_MS = 180;

input.setAttribute("role", "combobox");
input.setAttribute("aria-autocomplete", "list");
input.setAttribute("aria-controls", list.id);
input.setAttribute("aria-expanded", "false");

let timer = 0;
let latest = 0;
let active = -1;

const mapLink = (id) => `/map/${encodeURIComponent(id)}`;
const isParty = (hit) => hit.label === "Customer" || hit.label === "Contact";

function close() {
  list.hidden = true;
  active = -1;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

function mark(index) {
  const options = [...list.children];
  active = (index + options.length) % options.length;
  options.forEach((option, place) => option.setAttribute("aria-selected", String(place === active)));
  input.setAttribute("aria-activedescendant", options[active].id);
  options[active].scrollIntoView({ block: "nearest" });
}

function show(hits) {
  list.replaceChildren(
    ...hits.map((hit, place) => {
      const option = document.createElement("li");
      option.id = `suggestion-${place}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.href = mapLink(hit.id);
      const name = document.createElement("bdi");
      name.textContent = hit.name;
      const id = document.createElement("code");
      id.textContent = hit.id;
      option.append(name, " ", id);
      return option;
    }),
  );
  active = -1;
  list.hidden = hits.length === 0;
  input.setAttribute("aria-expanded", String(hits.length > 0));
  const key = hits.length === 1 ? "suggestions.one" : "suggestions";
  said.textContent = words[key].replace("{n}", hits.length);
}

async function suggest() {
  const q = input.value.trim();
  const mine = ++latest;
  if (!q) return close();
  const answer = await fetch(`/api/v1/search?q=${encodeURIComponent(q)}&limit=8`).catch(() => null);
  // A slow answer to an older question must not replace a newer one.
  if (mine !== latest || !answer?.ok) return undefined;
  return show((await answer.json()).items.filter(isParty));
}

input.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(suggest, WAIT_MS);
});
input.addEventListener("keydown", (event) => {
  if (list.hidden) return;
  // The box would empty itself on Escape: the first one only closes the list.
  if (event.key === "Escape") close();
  else if (event.key === "ArrowDown") mark(active + 1);
  else if (event.key === "ArrowUp") mark(active < 0 ? -1 : active - 1);
  else if (event.key === "Enter" && active >= 0) location.assign(list.children[active].dataset.href);
  else return;
  event.preventDefault();
});
// Before the input loses the focus, which closes the list.
list.addEventListener("pointerdown", (event) => event.preventDefault());
list.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (option) location.assign(option.dataset.href);
});
input.addEventListener("blur", close);
