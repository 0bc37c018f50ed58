// The button that sends a message once more appears when it is due; until then it says when.
// Assistive technology hears that it may be sent, and no counting in between.

const form = document.querySelector("form[data-due-in]");
const notYet = form?.querySelector("[data-not-yet]");

if (notYet) {
  const button = form.querySelector("button[type=submit]");
  button.hidden = true;
  // Counted from here: the clock of the device may be minutes off.
  const wait = Number(form.dataset.dueIn) * 1000 - performance.now();
  setTimeout(() => {
    button.hidden = false;
    notYet.hidden = true;
    const told = form.querySelector("[data-due-now]");
    told.textContent = told.dataset.text;
  }, Math.max(wait, 0) + 500);
}
