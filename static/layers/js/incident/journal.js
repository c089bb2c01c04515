// Notes, attachments and everything that happened, newest first; a note being typed survives every update.

import { attachmentAddress, incidentAttach, incidentNote } from "../api_dispatch.js";
import { clear, el } from "../dom.js";
import { formatInteger, formatTime } from "../format.js";
import { newKey } from "../dispatch/ids.js";
import { t } from "../text.js";

const FIELDS = { priority: "Priority", alarm_level: "Alarm level", address: "Address", summary: "Summary", type: "Type" };
const named = (prefix, code) => {
  const known = t(`${prefix}_${code}`);
  return known === `${prefix}_${code}` ? String(code) : known;
};

// The rest of a line: units and numbers as they are, changes as from → to.
function detailWords(detail) {
  if (!detail || typeof detail !== "object") return detail ? String(detail) : "";
  const { from, to, unit, number, call, reason, ...rest } = detail;
  const parts = [unit, number, call, from && to ? `${named("state", from)} → ${named("state", to)}` : ""];
  for (const [name, value] of Object.entries(rest)) {
    if (Array.isArray(value)) parts.push(`${FIELDS[name] ? t(FIELDS[name]) : name}: ${value.map((one) => one ?? "–").join(" → ")}`);
    else if (value && typeof value === "object") parts.push(`${FIELDS[name] ? t(FIELDS[name]) : name}: ${value.from ?? value.was ?? "–"} → ${value.to ?? value.now ?? "–"}`);
    else if (name === "disposition" && value) parts.push(named("disposition", value));
  }
  return [...parts, reason].filter(Boolean).join(", ");
}

const words = (what) => {
  const known = t(`event_${what}`);
  return known === `event_${what}` ? String(what).replace(/[._]/g, " ") : known;
};

export function createJournal(node, { can, current, onAdded }) {
  const form = node.querySelector("[data-note-form]");
  const input = form.querySelector("textarea");
  const said = form.querySelector("[data-note-said]");
  const list = node.querySelector("[data-journal]");
  const files = node.querySelector("[data-files]");
  const picker = node.querySelector("input[type='file']");
  const drafts = new Map();
  let key = newKey();
  let shown = null;
  form.hidden = !can.write;
  picker.closest("[data-attach]").hidden = !can.write;

  input.addEventListener("input", () => shown && drafts.set(shown, input.value));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const incident = current();
    const text = input.value.trim();
    if (!incident || !text) return;
    said.textContent = "";
    try {
      await incidentNote(incident.id, text, key);
      key = newKey();
      drafts.delete(incident.id);
      if (input.value.trim() === text) input.value = "";
      onAdded();
    } catch (error) {
      said.textContent = error.message;
    }
  });
  picker.addEventListener("change", async () => {
    const incident = current();
    for (const file of picker.files) {
      try {
        await incidentAttach(incident.id, file, newKey());
      } catch (error) {
        said.textContent = `${file.name}: ${error.message}`;
      }
    }
    picker.value = "";
    onAdded();
  });

  function entries(incident) {
    const notes = (incident.notes ?? []).map((note) => ({ at: note.at, author: note.author, what: "note", text: note.text, note: true }));
    // A note has its own line already; the timeline's word of it would say it twice.
    const rest = (incident.timeline ?? []).filter((line) => line.what !== "note").map((line) => ({ ...line, text: detailWords(line.detail) }));
    return [...notes, ...rest].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  }

  return {
    show(incident) {
      if (shown !== incident.id) {
        shown = incident.id;
        input.value = drafts.get(shown) ?? "";
        said.textContent = "";
        key = newKey();
      }
      clear(list).append(...entries(incident).map((line) => el("li", { class: line.note ? "journal-line is-note" : "journal-line" },
        el("span", { class: "journal-head" }, el("time", { datetime: line.at, text: formatTime(line.at) }), el("span", { text: line.author ?? "" }),
          line.recorded_at && Math.abs(Date.parse(line.recorded_at) - Date.parse(line.at)) > 60_000 ? el("span", { class: "journal-late", title: formatTime(line.recorded_at), text: t("entered later") }) : null),
        el("span", { class: "journal-text", text: line.note ? line.text : [words(line.what), line.text].filter(Boolean).join(": ") }))));
      clear(files).append(...(incident.attachments ?? []).map((file) => el("li", {}, el("a", { href: attachmentAddress(incident.id, file.id), download: file.name, text: file.name }), el("small", { text: ` ${formatInteger(Math.ceil(file.bytes / 1024))} kB` }))));
    },
    focus: () => input.focus(),
  };
}
