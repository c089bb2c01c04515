// Server-sent events: one stream a page. What was missed for good is told as `reset`: load again.

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
  source.addEventListener("message", receive);
  source.addEventListener("reset", () => deliver("reset", { kind: "reset", layer: "" }));
}

function receive(event) {
  let data;
  try {
    data = JSON.parse(event.data);
  } catch {
    return;
  }
  deliver(data.kind ?? "message", data);
}

// Listen for events of a kind (`*` for all); returns a function that stops.
export function onEvent(kind, listener) {
  if (!listeners.has(kind)) listeners.set(kind, new Set());
  listeners.get(kind).add(listener);
  open();
  return () => listeners.get(kind).delete(listener);
}

// Call back when the data behind a catalogue layer has changed, or may have.
export function onLayerChange(layer, listener) {
  const heard = new Set([layer.key, ...layer.sources]);
  return onEvent("*", (event, kind) => (kind === "reset" || heard.has(event.layer)) && listener(event));
}

// `open`, `waiting` (reconnecting) or `closed`.
export function onConnectionState(listener) {
  states.add(listener);
  listener(state);
  return () => states.delete(listener);
}

addEventListener("pagehide", () => source?.close());
