// Speaking to the service from a page that changes something: what it refuses is told in the reader's language.
const words = JSON.parse(document.getElementById("words").textContent);
const refused = JSON.parse(document.getElementById("refused").textContent);
const problem = document.getElementById("problem");

export const say = (key, values) => Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, () => value), words[key]);

// The answer, or null where there is none or it is a refusal, which is then on the page.
export async function send(method, path, body, headers = {}) {
  const answer = await fetch(`/api/v1${path}`, { method, headers, body }).catch(() => null);
  if (answer?.ok) {
    problem.hidden = true;
    return answer;
  }
  complain(answer, answer && (await answer.json().catch(() => null)));
  return null;
}

export function complain(answer, told) {
  const reason = (answer?.status === 422 ? refused[told?.field] : refused[answer?.status]) ?? told?.detail ?? words.no_answer;
  problem.textContent = say("not_done", { reason });
  problem.hidden = false;
  problem.scrollIntoView({ block: "nearest" });
}

export const sendJson = (method, path, body) => send(method, path, JSON.stringify(body), { "Content-Type": "application/json" });
