// A phone that got the text message offers its code, because the last line of the message names
// this very site; taking the offer fills it in, and sends it where a typed code would be sent.

const field = document.querySelector("input[data-webotp]");

if (field && "OTPCredential" in window) {
  const over = new AbortController();
  field.form.addEventListener("submit", () => over.abort());
  field.addEventListener("input", () => over.abort());
  navigator.credentials
    .get({ otp: { transport: ["sms"] }, signal: over.signal })
    .then((found) => {
      if (!found?.code || field.value) {
        return;
      }
      field.value = found.code;
      if (field.dataset.byHand === undefined && field.getAttribute("aria-invalid") !== "true") {
        field.form.requestSubmit();
      }
    })
    .catch(() => {
      // Not offered, refused, or typed meanwhile: the field stays as it is.
    });
}
