// Asks the browser for a passkey or security key and sends its answer: when the button is pressed,
// or when one is picked at a field that takes codes. Tells the browser which keys are still good.

const fields = [...document.querySelectorAll("input[data-passkey]")];
const pressed = fields.find((field) => field.dataset.passkey !== "autofill");
const beside = fields.find((field) => field.dataset.passkey === "autofill");
const typed = document.querySelector('input[autocomplete~="webauthn"]');
const able = "PublicKeyCredential" in window && navigator.credentials !== undefined;

// One request at a time: browsers refuse a second one while the first still waits.
let waiting = new AbortController();

// --- bytes and JSON: newer browsers do it themselves, password managers do not always -----------

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.codePointAt(0));
}

function text(buffer) {
  const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCodePoint(byte)).join("");
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replace(/[=]+$/u, "");
}

function named(keys = []) {
  return keys.map((key) => ({ ...key, id: bytes(key.id) }));
}

function creation(options) {
  try {
    return PublicKeyCredential.parseCreationOptionsFromJSON(options);
  } catch {
    return {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: named(options.excludeCredentials),
    };
  }
}

function request(options) {
  try {
    return PublicKeyCredential.parseRequestOptionsFromJSON(options);
  } catch {
    return {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: named(options.allowCredentials),
    };
  }
}

function answered(credential) {
  try {
    return credential.toJSON();
  } catch {
    const said = credential.response;
    const response = { clientDataJSON: text(said.clientDataJSON) };
    if (said.attestationObject) {
      response.attestationObject = text(said.attestationObject);
      response.transports = said.getTransports?.() ?? [];
    } else {
      response.authenticatorData = text(said.authenticatorData);
      response.signature = text(said.signature);
      if (said.userHandle) {
        response.userHandle = text(said.userHandle);
      }
    }
    return {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      clientExtensionResults: credential.getClientExtensionResults(),
      response,
    };
  }
}

// --- asking -------------------------------------------------------------------------------------

function ask(field, mediation) {
  const { signal } = waiting;
  const options = JSON.parse(field.dataset.options);
  return field.dataset.passkey === "create"
    ? navigator.credentials.create({ publicKey: creation(options), signal })
    : navigator.credentials.get({ publicKey: request(options), signal, ...mediation });
}

function send(field, credential) {
  field.value = JSON.stringify(answered(credential));
  field.form.requestSubmit();
}

const FAULTS = {
  NotAllowedError: "cancelled",
  InvalidStateError: "registered",
  NotSupportedError: "unsuitable",
  ConstraintError: "unsuitable",
  SecurityError: "place",
};

function tell(fault) {
  const box = pressed.form.querySelector("[data-passkey-faults]");
  for (const words of box.querySelectorAll("[data-fault]")) {
    words.hidden = words.dataset.fault !== fault;
  }
  box.hidden = fault === "";
  // What the page said of the try before is no longer the news.
  document.getElementById("fault")?.remove();
}

function busy(button, on) {
  if (on) {
    button.style.minInlineSize = `${button.offsetWidth}px`;
    button.dataset.idle ??= button.textContent;
    button.textContent = button.dataset.waiting;
    button.setAttribute("aria-busy", "true");
  } else if (button.dataset.idle) {
    button.textContent = button.dataset.idle;
    button.removeAttribute("aria-busy");
  }
}

async function press(button) {
  waiting.abort();
  waiting = new AbortController();
  const { signal } = waiting;
  busy(button, true);
  tell("");
  try {
    const credential = await ask(pressed);
    busy(button, false);
    send(pressed, credential);
  } catch (error) {
    busy(button, false);
    if (!signal.aborted) {
      tell(FAULTS[error.name] ?? "failed");
    }
  }
}

function listen() {
  const button = pressed.form.querySelector("button[type=submit]");
  if (!able) {
    for (const part of document.querySelectorAll("[data-passkey-able]")) {
      part.hidden = true;
    }
    tell("unsupported");
    return;
  }
  // The one thing to do here, unless it cannot be undone.
  const harmless = !button.classList.contains("danger-fill") && pressed.dataset.passkey === "get";
  if (harmless && document.activeElement === document.body) {
    button.focus({ preventScroll: true });
  }
  pressed.form.addEventListener("submit", (event) => {
    if (pressed.value === "") {
      event.preventDefault();
      event.stopPropagation();
      if (!button.hasAttribute("aria-busy")) {
        press(button);
      }
    }
  });
}

// --- offered at a field that takes codes --------------------------------------------------------

async function offer() {
  if (!able || !(await PublicKeyCredential.isConditionalMediationAvailable?.())) {
    return;
  }
  const { signal } = waiting;
  try {
    const credential = await ask(beside, { mediation: "conditional" });
    const tick = document.querySelector("input[name=remember]");
    const carried = beside.form.elements.namedItem("remember");
    if (tick && carried) {
      carried.disabled = !tick.checked;
    }
    send(beside, credential);
  } catch {
    // Picked and then cancelled: it is offered again when the person comes back to the field.
    if (!signal.aborted) {
      typed.addEventListener("focus", offer, { once: true });
    }
  }
}

// --- which keys are good ------------------------------------------------------------------------

function quietly(signal, content) {
  if (able) {
    PublicKeyCredential[signal]?.(content).catch(() => {
      // A courtesy: a browser that does not take it goes on offering what it has.
    });
  }
}

for (const { dataset } of document.querySelectorAll("[data-passkey-unknown]")) {
  const content = { rpId: dataset.rpId, credentialId: dataset.passkeyUnknown };
  quietly("signalUnknownCredential", content);
}

for (const { dataset } of document.querySelectorAll("[data-passkey-accepted]")) {
  quietly("signalAllAcceptedCredentials", {
    rpId: dataset.rpId,
    userId: dataset.userId,
    allAcceptedCredentialIds: dataset.passkeyAccepted.split(" ").filter(Boolean),
  });
}

// --- begin, and begin again where the page comes back from the browser's memory -----------------

function begin() {
  for (const field of fields) {
    field.value = "";
  }
  waiting = new AbortController();
  if (beside && typed) {
    offer();
  }
}

if (pressed) {
  listen();
}
begin();
window.addEventListener("pagehide", () => waiting.abort());
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    begin();
    const button = pressed?.form.querySelector("button[type=submit]");
    if (button) {
      busy(button, false);
    }
  }
});
