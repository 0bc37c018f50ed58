// Lets calls of the management API be tried. The token stays in the field: nothing is stored.

const token = document.querySelector("form.token");
token.hidden = false;
token.addEventListener("submit", (event) => event.preventDefault());

const field = document.getElementById("token");
const show = token.querySelector("[data-show]");
show.addEventListener("click", () => {
  const shown = field.type === "text";
  field.type = shown ? "password" : "text";
  show.setAttribute("aria-pressed", String(!shown));
  show.textContent = shown ? "Show" : "Hide";
});

const calls = document.querySelector(".api-nav details");
calls.open = matchMedia("(min-width: 901px)").matches;

const filter = document.getElementById("filter");
filter.hidden = false;
filter.addEventListener("input", () => {
  const wanted = filter.value.trim().toLowerCase();
  for (const section of document.querySelectorAll(".api-nav section")) {
    let found = 0;
    for (const item of section.querySelectorAll("li")) {
      item.hidden = !item.dataset.search.toLowerCase().includes(wanted);
      found += item.hidden ? 0 : 1;
    }
    section.hidden = found === 0;
  }
});

function target(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll("[data-place]")) {
    if (input.dataset.place === "path") {
      path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    } else if (input.dataset.place === "query" && input.value !== "") {
      query.set(input.name, input.value);
    }
  }
  const asked = query.toString();
  return asked === "" ? path : `${path}?${asked}`;
}

function headers(form) {
  const sent = new Headers();
  if (field.value.trim() !== "") sent.set("Authorization", `Bearer ${field.value.trim()}`);
  for (const input of form.querySelectorAll('[data-place="header"]')) {
    if (input.value !== "") sent.set(input.name, input.value);
  }
  if (form.elements.body) sent.set("Content-Type", "application/json");
  if (form.dataset.method === "POST") sent.set("Idempotency-Key", crypto.randomUUID?.() ?? `${Date.now()}`);
  return sent;
}

function pretty(text, type) {
  if (!type.includes("json")) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function tell(form, status, words, text) {
  const place = form.querySelector(".result");
  const shown = place.querySelector("[data-status]");
  shown.textContent = status;
  shown.className = `status status-${status[0] ?? "5"}`;
  place.querySelector("[data-took]").textContent = words;
  place.querySelector("[data-answer]").textContent = text;
  place.hidden = false;
}

for (const form of document.querySelectorAll("form.try")) {
  form.hidden = false;
  const button = form.querySelector("button[type=submit]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.hasAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    const began = performance.now();
    try {
      const answer = await fetch(target(form), {
        method: form.dataset.method,
        headers: headers(form),
        body: form.elements.body?.value,
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
      });
      const text = await answer.text();
      const took = `${answer.statusText} in ${Math.round(performance.now() - began)} ms`;
      tell(form, String(answer.status), took, pretty(text, answer.headers.get("Content-Type") ?? ""));
    } catch {
      tell(form, "", "The call did not get through.", "");
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}
