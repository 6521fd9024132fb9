// Puts the editor in the place of the plain text field. Without this file the field does its work alone.
"use strict";

(() => {
  const field = document.getElementById("query");
  if (!field || typeof Yasqe !== "function") return;

  const words = [...document.querySelectorAll(".terms code")].map((code) => code.textContent);
  const holder = document.createElement("div");
  field.before(holder);

  const editor = new Yasqe(holder, {
    value: field.value,
    persistenceId: null,
    consumeShareLink: null,
    createShareableLink: null,
    showQueryButton: false,
    resizeable: false,
    editorHeight: "22rem",
    autocompleters: [],
    // Tab moves on, as it does in every field: nobody is caught in the editor.
    extraKeys: {
      Tab: false,
      "Shift-Tab": false,
      "Ctrl-Enter": () => submit(),
      "Cmd-Enter": () => submit(),
      "Ctrl-Space": () => complete(),
    },
  });
  const input = editor.getInputField();
  input.setAttribute("aria-label", document.querySelector('label[for="query"]').textContent);
  input.setAttribute("aria-describedby", "query-help");
  field.hidden = true;
  field.required = false;
  field.form.addEventListener("submit", () => {
    field.value = editor.getValue();
  });

  function submit() {
    field.form.requestSubmit();
  }

  function complete() {
    const cursor = editor.getDoc().getCursor();
    const before = editor.getDoc().getLine(cursor.line).slice(0, cursor.ch);
    const start = before.match(/[\w:-]*$/)[0];
    const fitting = words.filter((word) => word.toLowerCase().includes(start.toLowerCase()));
    editor.showHint({
      completeSingle: false,
      hint: () => ({ list: fitting, from: { line: cursor.line, ch: cursor.ch - start.length }, to: cursor }),
    });
  }
})();
