"use strict";
const clock = document.getElementById("clock");
const address = new URL(clock.dataset.live, location.href);
address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
const socket = new WebSocket(address);
socket.addEventListener("message", (event) => {
  const { seconds } = JSON.parse(event.data);
  if (seconds !== undefined) clock.textContent = `here for ${seconds} s`;
});
socket.addEventListener("close", () => {
  clock.textContent = "not connected";
});
