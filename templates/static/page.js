// Every page works without this file: it writes times in the visitor's time zone and keeps a
// form from being sent twice.

const forms = {
  time: { timeStyle: "short" },
  date: { dateStyle: "medium" },
  datetime: { dateStyle: "medium", timeStyle: "short" },
};

// The page's language, in the visitor's own variety of it where they have one (en-GB, de-AT).
const lang = document.documentElement.lang;
const locale = navigator.languages.find((tag) => tag.split("-")[0] === lang) ?? lang;

for (const element of document.querySelectorAll("time[data-local]")) {
  const format = new Intl.DateTimeFormat(locale, forms[element.dataset.local]);
  element.textContent = format.format(new Date(element.dateTime));
}

for (const element of document.querySelectorAll("[data-with-script]")) {
  element.hidden = false;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent !== undefined) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "";
  const button = event.submitter ?? form.querySelector("button[type=submit]");
  if (button?.dataset.busy) {
    button.style.minInlineSize = `${button.offsetWidth}px`;
    button.dataset.idle = button.textContent;
    button.textContent = button.dataset.busy;
    button.setAttribute("aria-busy", "true");
  }
});

// A page that comes back from the browser's memory must work again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) {
    return;
  }
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
  }
  for (const button of document.querySelectorAll("button[aria-busy]")) {
    button.textContent = button.dataset.idle;
    button.removeAttribute("aria-busy");
  }
});
