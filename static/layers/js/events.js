// Server-sent events: one stream a page, listeners by kind, a snapshot again after a gap.

import { openEvents } from "./api.js";

const listeners = new Map();
const states = new Set();
let source = null;
let state = "closed";

function setState(next) {
  if (next === state) return;
  state = next;
  for (const listener of states) listener(state);
}

function deliver(kind, data) {
  for (const name of [kind, "*"]) {
    for (const listener of listeners.get(name) ?? []) listener(data, kind);
  }
}

function open() {
  if (source) return;
  source = openEvents();
  source.addEventListener("open", () => setState("open"));
  // The browser reconnects by itself and sends Last-Event-ID.
  source.addEventListener("error", () => setState(source.readyState === EventSource.CLOSED ? "closed" : "waiting"));
  source.addEventListener("message", (event) => receive(event));
  for (const kind of listeners.keys()) if (kind !== "*") source.addEventListener(kind, receive);
}

function receive(event) {
  let data;
  try {
    data = JSON.parse(event.data);
  } catch {
    return;
  }
  deliver(event.type === "message" ? data.kind ?? "message" : event.type, data);
}

// Listen for events of a kind (`*` for all); returns a function that stops.
export function onEvent(kind, listener) {
  if (!listeners.has(kind)) {
    listeners.set(kind, new Set());
    if (source && kind !== "*") source.addEventListener(kind, receive);
  }
  listeners.get(kind).add(listener);
  open();
  return () => listeners.get(kind).delete(listener);
}

// `open`, `waiting` (reconnecting) or `closed`.
export function onConnectionState(listener) {
  states.add(listener);
  listener(state);
  return () => states.delete(listener);
}

addEventListener("pagehide", () => source?.close());
