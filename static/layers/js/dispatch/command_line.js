// The command line: `/` comes here, Enter does what the line says, Escape never does anything but leave.

import { t } from "../text.js";
import { createCombo } from "./combo.js";
import { refusalWords } from "./refusals.js";

const KEPT = 40;

// `run(act)` resolves to the words that tell what was done, or throws.
export function createCommandLine(form, grammar, { run, onLeave }) {
  const input = form.querySelector("input");
  const said = form.querySelector("[data-said]");
  const history = [];
  let place = 0;
  let before = null;
  let busy = false;

  function say(words, kind = "") {
    said.textContent = words;
    said.dataset.kind = kind;
    said.hidden = !words;
  }

  function preview() {
    const { say: words, error } = grammar.parse(input.value);
    // An unfinished line is no error yet.
    say(words ?? error ?? "", words ? "does" : "");
  }

  const combo = createCombo(input, {
    source: (text) => grammar.complete(text),
    label: t("Suggestions"),
    onChoose: (item) => {
      input.value = item.line;
      preview();
      combo.ask();
    },
  });
  input.dataset.tab = "completes";
  input.addEventListener("input", preview);
  input.addEventListener("focus", () => combo.ask());

  async function commit() {
    const line = input.value.trim();
    if (!line || busy) return;
    const { error, act } = grammar.parse(line);
    if (!act) {
      say(error, "bad");
      return;
    }
    busy = true;
    combo.close();
    form.setAttribute("aria-busy", "true");
    try {
      const done = await run(act);
      history.push(line);
      if (history.length > KEPT) history.shift();
      place = history.length;
      // What was typed meanwhile stays.
      if (input.value.trim() === line) input.value = "";
      say(done ?? "", done ? "good" : "");
    } catch (problem) {
      say(refusalWords(problem), "bad");
    } finally {
      busy = false;
      form.removeAttribute("aria-busy");
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    commit();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) {
      event.preventDefault();
      input.value = "";
      say("");
      if (before?.isConnected && before !== document.body) before.focus({ preventScroll: true });
      else onLeave();
    } else if ((event.key === "ArrowUp" || event.key === "ArrowDown") && !event.defaultPrevented && history.length && !combo.open) {
      event.preventDefault();
      place = Math.min(Math.max(place + (event.key === "ArrowUp" ? -1 : 1), 0), history.length);
      input.value = history[place] ?? "";
      preview();
    }
  });

  return {
    focus(text = "") {
      if (document.activeElement !== input) before = document.activeElement;
      if (text) input.value = text;
      input.focus();
      preview();
      combo.ask();
    },
    say,
  };
}
