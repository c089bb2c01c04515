// Time on the console: the server's clock, and timers that count to the second.

import { t } from "../text.js";

let skewMs = 0;
const listeners = new Set();

// The server's idea of now, as an ISO string, at the moment its answer arrived.
export function setServerTime(iso) {
  const then = Date.parse(iso);
  if (Number.isFinite(then)) skewMs = then - Date.now();
}

export const serverNow = () => Date.now() + skewMs;

export function onSecond(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

// `0:07`, `12:34`, `1:02:03`, `2 d 3 h`: never wider than a board can hold.
export function formatElapsed(since, now = serverNow()) {
  if (!since) return "–";
  const total = Math.max(0, Math.floor((now - Date.parse(since)) / 1000));
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(total / 3600);
  if (hours >= 48) return t("{d} d {h} h", { d: Math.floor(hours / 24), h: hours % 24 });
  const rest = `${two(Math.floor((total % 3600) / 60))}:${two(total % 60)}`;
  return hours ? `${hours}:${rest}` : rest.replace(/^0(\d:)/, "$1");
}

// Fill every cell that carries `data-since` inside a node.
export function tickCells(node) {
  const now = serverNow();
  for (const cell of node.querySelectorAll("[data-since]")) {
    const text = formatElapsed(cell.dataset.since, now);
    if (cell.textContent !== text) cell.textContent = text;
  }
}

// How near a step is to being late: "", "soon" (the last fifth of its time) or "late".
export function lateness(row, now = serverNow()) {
  if (row.overdue) return "late";
  if (!row.due_at) return "";
  const due = Date.parse(row.due_at);
  const start = Date.parse(row.state_since ?? row.reported_at);
  if (now >= due) return "late";
  return due > start && now >= due - (due - start) / 5 ? "soon" : "";
}

setInterval(() => {
  for (const listener of listeners) listener();
}, 1000);
