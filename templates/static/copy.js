// Shows the buttons that need a script: copy and print. Download is a plain link.

for (const button of document.querySelectorAll("button[data-copy]")) {
  const label = button.querySelector("span");
  const idle = label.textContent;
  const source = document.getElementById(button.dataset.copy);
  button.hidden = navigator.clipboard === undefined;
  label.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.dataset.plain);
    } catch {
      getSelection().selectAllChildren(source);
      return;
    }
    label.textContent = button.dataset.done;
    setTimeout(() => {
      label.textContent = idle;
    }, 2500);
  });
}

for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
