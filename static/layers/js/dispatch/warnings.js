// Warnings in force for the city (earthquakes, weather): a new one is heard and stays in the strip until it ends.

import { warningsNow } from "../api_dispatch.js";
import { button, debounce, el } from "../dom.js";
import { onEvent } from "../events.js";
import { formatTime } from "../format.js";
import { t } from "../text.js";
import { toast } from "../toast.js";

const POLL_MS = 60_000;

function open(warning) {
  const dialog = el("dialog", { class: "dialog", "aria-labelledby": "warning-title" },
    el("h2", { id: "warning-title", text: warning.headline || warning.event }),
    el("p", { text: [warning.issued_by, t("until {time}", { time: formatTime(warning.until) })].filter(Boolean).join(" · ") }),
    ...[warning.where, warning.description].filter(Boolean).map((text) => el("p", { text })),
    el("div", { class: "dialog-actions" }, button(t("Close"), { class: "button is-primary", onclick: () => dialog.close() })));
  const before = document.activeElement;
  dialog.addEventListener("close", () => {
    dialog.remove();
    before?.focus?.({ preventScroll: true });
  });
  document.body.append(dialog);
  dialog.showModal();
}

// `list()`: those in force that touch the city, as chips of the strip: [{id, words, open()}].
export function createWarnings(sounds, { onChange = () => {} } = {}) {
  let known = null;
  let now = [];

  const wordsOf = (warning) => warning.headline || [warning.event, warning.where].filter(Boolean).join(", ");

  async function read() {
    let found;
    try {
      found = (await warningsNow()).hazards.filter((warning) => warning.touches_city);
    } catch {
      return; // What is shown stays, until it ends by its own time.
    }
    // What was in force before the page was opened is shown; what comes in is heard as well.
    const fresh = known ? found.filter((warning) => !known.has(warning.id)) : [];
    known = new Set([...(known ?? []), ...found.map((warning) => warning.id)]);
    now = found;
    if (fresh.length) {
      sounds.play("warning");
      for (const warning of fresh) toast(t("Warning: {what}", { what: wordsOf(warning) }), "bad");
    }
    onChange();
  }

  const soon = debounce(read, 300);
  onEvent("*", (event, kind) => (kind === "reset" || event.layer === "hazards") && soon());
  setInterval(read, POLL_MS);
  read();
  return {
    list: () => now.filter((warning) => Date.parse(warning.until) > Date.now()).map((warning) => ({ id: warning.id, words: t("{what}, until {time}", { what: wordsOf(warning), time: formatTime(warning.until) }), open: () => open(warning) })),
  };
}
