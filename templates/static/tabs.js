// One tab confirmed: the others that wait for the same go on by themselves.

const channel = new BroadcastChannel("sidecar");
const waiting = document.querySelector("[data-tabs]");

if (document.querySelector("[data-verified]")) {
  channel.postMessage("verified");
}

if (waiting) {
  channel.addEventListener("message", (event) => {
    if (event.data === "verified") {
      location.replace(waiting.dataset.tabs);
    }
  });
}
