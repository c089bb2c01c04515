// Server-sent events: one stream a page. What was missed for good is told as `reset`: load again.

import { openEvents } from "./api.js";

const listeners = new Map();
const states = new Set();
let source = null;
let state = "closed";
let lastId = 0;
let tries = 0;
let again = 0;

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
  clearTimeout(again);
  source = openEvents(lastId);
  source.addEventListener("open", () => {
    tries = 0;
    setState("open");
  });
  source.addEventListener("error", lost);
  source.addEventListener("message", receive);
  source.addEventListener("hello", remember);
  source.addEventListener("reset", (event) => {
    remember(event);
    deliver("reset", { kind: "reset", layer: "" });
  });
}

function remember(event) {
  if (/^\d+$/.test(event.lastEventId)) lastId = Math.max(lastId, Number(event.lastEventId));
}

// The browser comes back by itself after a cut and sends Last-Event-ID; after a refusal (a server
// that is starting, a database that is down) it gives up, and we come back from where we were.
function lost() {
  if (source.readyState !== EventSource.CLOSED) {
    setState("waiting");
    return;
  }
  source = null;
  setState("closed");
  tries += 1;
  again = setTimeout(open, Math.min(2000 * 2 ** (tries - 1), 15_000));
}

function receive(event) {
  remember(event);
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

// What this page has just changed itself: shown at once, also where there is no live line.
export const tellHere = (event) => deliver(event.kind, event);

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
