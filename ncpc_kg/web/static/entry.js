// Checks the form of a new centre while one types. Without this script the button Check does the same.
(() => {
  "use strict";
  const form = document.getElementById("entry");
  if (!form || !window.fetch) return;
  const verdict = document.getElementById("verdict");
  const touched = new Set();
  let timer = 0;
  let running = null;
  let asked = 0;

  const textOf = (one) => (one.hint ? `${one.message} ${one.hint}` : one.message);

  function show(report) {
    const byField = new Map();
    for (const one of report.findings || []) {
      const name = (one.place && one.place.field) || "";
      if (!byField.has(name)) byField.set(name, []);
      byField.get(name).push(one);
    }
    for (const box of form.querySelectorAll("[data-field]")) {
      const name = box.dataset.field;
      // What is still missing is said only where one has been, so that nobody is scolded too early.
      const found = (byField.get(name) || []).filter((one) => one.value !== undefined || touched.has(name));
      const list = document.getElementById(`findings-${name}`);
      list.replaceChildren(
        ...found.map((one) => {
          const item = document.createElement("li");
          item.className = one.severity;
          item.textContent = textOf(one);
          return item;
        }),
      );
      list.hidden = found.length === 0;
      const wrong = found.some((one) => one.severity === "violation");
      box.classList.toggle("wrong", wrong);
      for (const input of box.querySelectorAll(".row > [name]")) {
        if (wrong) input.setAttribute("aria-invalid", "true");
        else input.removeAttribute("aria-invalid");
      }
    }
    const count = (report.counts && report.counts.violation) || 0;
    verdict.className = `verdict ${report.conforms ? "good" : "bad"}`;
    const line = document.createElement("p");
    const words = count === 1 ? "1 thing is missing or wrong." : `${count} things are missing or wrong.`;
    line.textContent = report.conforms ? "This can be handed in." : words;
    verdict.replaceChildren(line);
  }

  async function check() {
    if (running) running.abort();
    running = new AbortController();
    const number = ++asked;
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (name !== "csrf") body.append(name, value);
    try {
      const answer = await fetch(form.dataset.check, { method: "POST", body, signal: running.signal });
      if (answer.ok && number === asked) show(await answer.json());
    } catch (error) {
      if (error.name !== "AbortError") verdict.textContent = "The check cannot be reached now; press Check.";
    }
  }

  function soon(event) {
    const box = event.target.closest("[data-field]");
    if (box) touched.add(box.dataset.field);
    clearTimeout(timer);
    timer = setTimeout(check, 150);
  }

  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
})();
