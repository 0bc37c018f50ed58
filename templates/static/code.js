// Sends a code of full length by itself, once, and only after the person typed or pasted it; the
// button stays. A second try after a mistake is theirs to send.

const field = document.querySelector("input[data-digits]");

if (field && field.dataset.byHand === undefined) {
  let sent = field.getAttribute("aria-invalid") === "true";
  field.addEventListener("input", (event) => {
    const digits = field.value.replace(/[\s-]/gu, "");
    const complete = digits.length === Number(field.dataset.digits) && /^\d+$/u.test(digits);
    if (complete && !sent && event.isTrusted) {
      sent = true;
      field.form.requestSubmit();
    }
  });
}
