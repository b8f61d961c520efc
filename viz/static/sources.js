// The pages of sources: naming one, trusting it more or less, and erasing it. What is known of them is on the pages
// without this script, too.
import { complain, say, send, sendJson } from "/static/service.js";

const wholeNumber = (text) => (/^\d+$/.test(text.trim()) ? Number(text) : null);

async function put(name, values) {
  if (values.trust === null) return complain({ status: 422 }, { field: "trust" });
  const address = `/sources/${encodeURIComponent(name)}`;
  if (await sendJson("PUT", address, values)) location.assign(address);
}

document.getElementById("add")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const { name, kind, trust, prefix } = Object.fromEntries(new FormData(event.target));
  if (!name.trim()) return complain({ status: 422 }, { field: "source" });
  const given = Object.entries({ kind: kind.trim(), prefix: prefix.trim() }).filter(([, value]) => value);
  put(name.trim(), { trust: wholeNumber(trust), ...Object.fromEntries(given) });
});

const about = document.getElementById("source");
document.getElementById("trusting")?.addEventListener("submit", (event) => {
  event.preventDefault();
  put(about.dataset.source, { trust: wholeNumber(event.target.elements.trust.value) });
});

const dialog = document.getElementById("confirm");
document.getElementById("erase")?.addEventListener("click", () => {
  dialog.returnValue = "";
  dialog.showModal();
  document.getElementById("keep").focus();
});
document.getElementById("keep")?.addEventListener("click", () => dialog.close("keep"));
dialog?.addEventListener("close", async () => {
  if (dialog.returnValue !== "erase") return;
  const source = about.dataset.source;
  const answer = await send("DELETE", `/sources/${encodeURIComponent(source)}`);
  if (!answer) return;
  const { removed, kept } = await answer.json();
  const erased = document.getElementById("erased");
  erased.textContent = say("was_erased", { source, removed: removed.toLocaleString("en"), kept: kept.toLocaleString("en") });
  erased.hidden = false;
  about.remove();
  erased.focus();
});
document.documentElement.dataset.ready = "";
