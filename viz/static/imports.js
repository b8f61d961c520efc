// The pages of imports: files are sent, what runs is followed to its end, and can be cancelled. What came of imports is
// on the pages without this script, too.
import { complain, send } from "/static/service.js";

const words = JSON.parse(document.getElementById("words").textContent);
const said = document.getElementById("said");

// --- sending files ----------------------------------------------------------------------------------------------------

const form = document.getElementById("upload");

// What was left blank is not sent: the service then does what it does by default.
function filled() {
  const data = new FormData(form);
  for (const [name, value] of [...data]) {
    if (typeof value === "string" ? !value.trim() : !value.name) data.delete(name);
  }
  return data;
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const data = filled();
  if (!data.has("files")) return complain({ status: 422 }, { field: "files" });
  const [button, sending] = [document.getElementById("start"), document.getElementById("sending")];
  button.disabled = true;
  sending.textContent = words.sending;
  const answer = await send("POST", "/imports", data);
  if (answer) return location.assign(`/imports/${encodeURIComponent((await answer.json()).id)}`);
  button.disabled = false;
  sending.textContent = "";
});

// Nothing is merged by a check alone.
const [checking, merging] = [document.getElementById("dry_run"), document.getElementById("merge_duplicates")];
const agree = () => {
  merging.disabled = checking.checked;
  if (checking.checked) merging.checked = false;
};
checking?.addEventListener("change", agree);
if (checking) agree(); // browsers keep what was ticked when a page is loaded again

// --- following what runs ----------------------------------------------------------------------------------------------

const live = document.getElementById("live");
const going = () => live.querySelector("[data-going]") !== null;

async function follow() {
  if (!going()) return;
  const answer = await fetch(location.href).catch(() => null);
  if (answer?.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const focused = document.activeElement?.id;
    live.replaceChildren(...[...page.getElementById("live").childNodes].map((node) => document.adoptNode(node)));
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
    if (!going()) said.textContent = document.getElementById("job")?.dataset.ended ?? "";
  }
  setTimeout(follow, 700);
}

live.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-cancel]");
  if (!button) return;
  button.disabled = true;
  if (await send("POST", `/imports/${encodeURIComponent(button.dataset.cancel)}/cancel`)) said.textContent = words.cancelling;
  else button.disabled = false;
});
follow();
document.documentElement.dataset.ready = "";
