// Keeps "in 4 minutes" true while the page stays open.

const lang = document.documentElement.lang;
const unit = (name) => new Intl.NumberFormat(lang, { style: "unit", unit: name, unitDisplay: "long" });
const minutes = unit("minute");
const hours = unit("hour");
const waits = [...document.querySelectorAll("[data-until]")];

function update() {
  for (const element of waits) {
    const left = Math.ceil((Date.parse(element.dataset.until) - Date.now()) / 60000);
    element.textContent =
      left < 120 ? minutes.format(Math.max(left, 1)) : hours.format(Math.ceil(left / 60));
  }
}

if (waits.length > 0) {
  setInterval(update, 15000);
}
