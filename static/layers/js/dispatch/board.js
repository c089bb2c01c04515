// The board: one snapshot, then events. All parts of the console read it and hear what changed.

import { boardSnapshot } from "../api_dispatch.js";
import { onConnectionState, onEvent } from "../events.js";
import { setServerTime } from "./clock.js";

const OF_THE_BOARD = /^(incident|call|unit|assignment)s?\.(?!moved)/;
const GAP_MS = 250;
const POLL_MS = 4000;
const SURE_MS = 30_000;

const byUrgency = (a, b) =>
  (a.priority ?? 9) - (b.priority ?? 9) || Date.parse(a.reported_at) - Date.parse(b.reported_at) || a.id - b.id;

// The digits that people say: `2026-000123` is 123.
export function shortNumber(number) {
  const digits = String(number).match(/(\d+)\D*$/)?.[1] ?? String(number);
  return digits.replace(/^0+(?=\d)/, "");
}

export function createBoard({ desk = "all" } = {}) {
  const listeners = new Set();
  const moves = new Set();
  const linkListeners = new Set();
  const state = { desk, incidents: [], units: [], calls: [], targets: {}, lastEvent: 0, loaded: false, readAt: 0 };
  let link = "starting";
  let stream = "closed";
  // The last event heard; a reading that follows from events alone may share another console's snapshot.
  let heard = 0;
  let afresh = true;
  let running = null;
  let asked = false;
  let timer = 0;
  let lastTookMs = 0;

  function setLink(next) {
    if (next === link) return;
    link = next;
    for (const listener of linkListeners) listener(link);
  }

  const index = (rows) => new Map(rows.map((row) => [row.id, row]));

  function difference(before, after) {
    const old = index(before);
    const now = index(after);
    return {
      added: after.filter((row) => !old.has(row.id)),
      removed: before.filter((row) => !now.has(row.id)),
      changed: after.filter((row) => old.has(row.id) && old.get(row.id).version !== row.version),
      was: old,
    };
  }

  function take(answer, first) {
    const incidents = [...answer.incidents].sort(byUrgency);
    const change = {
      first,
      incidents: difference(state.incidents, incidents),
      units: difference(state.units, answer.units),
      calls: difference(state.calls, answer.calls),
    };
    Object.assign(state, {
      incidents, units: answer.units, calls: answer.calls, targets: answer.targets ?? {}, lastEvent: answer.last_event ?? 0, loaded: true, readAt: Date.now(),
    });
    setServerTime(answer.now);
    tell(change);
  }

  function tell(change) {
    for (const listener of listeners) listener(state, change);
  }

  async function read() {
    const wanted = state.desk;
    const started = performance.now();
    const seen = afresh ? null : Math.max(heard, state.lastEvent);
    afresh = false;
    try {
      const answer = await boardSnapshot(wanted, seen);
      if (wanted !== state.desk) return;
      take(answer, !state.loaded);
      setLink(stream === "open" ? "live" : "polling");
    } catch (error) {
      afresh = true;
      setLink(error.status === 401 || error.status === 403 ? "closed" : "lost");
    } finally {
      lastTookMs = performance.now() - started;
    }
  }

  // One reading at a time; what is asked for meanwhile is read once afterwards.
  function load() {
    afresh = true;
    return follow();
  }

  function follow() {
    clearTimeout(timer);
    timer = 0;
    if (running) {
      asked = true;
      return running;
    }
    running = read().finally(() => {
      running = null;
      if (asked) {
        asked = false;
        soon();
      }
    });
    return running;
  }

  // Many changes at once are read together; a slow server is asked less often.
  function soon() {
    if (running) asked = true;
    else timer ||= setTimeout(follow, Math.max(GAP_MS - (Date.now() - state.readAt), lastTookMs, 20));
  }

  onEvent("*", (event, kind) => {
    if (kind !== "unit.moved") heard = Math.max(heard, event.id ?? 0);
    if (kind === "reset") {
      heard = 0;
      afresh = true;
      soon();
    } else if (kind === "unit.moved") moved(event.payload ?? {});
    else if (OF_THE_BOARD.test(kind) && !(event.id <= state.lastEvent)) soon();
    else if (["incidents", "units"].includes(event.layer) && kind !== "unit.moved" && !(event.id <= state.lastEvent)) soon();
  });

  function moved(fix) {
    const unit = state.units.find((row) => row.id === fix.id);
    if (!unit) return;
    Object.assign(unit, { lon: fix.lon, lat: fix.lat, fix_at: fix.fix_at, stale: false, from_station: false });
    for (const listener of moves) listener(unit);
  }

  onConnectionState((next) => {
    stream = next;
    // Whatever was missed while the line was down is in the snapshot.
    if (next === "open" && state.loaded) {
      afresh = true;
      soon();
    } else if (link === "live") setLink("polling");
  });

  setInterval(() => {
    const age = Date.now() - state.readAt;
    if (document.visibilityState === "hidden" && age < SURE_MS) return;
    if (age > (stream === "open" ? SURE_MS : POLL_MS)) load();
  }, 1000);

  return {
    state,
    load,
    // After a write of our own: what it did must be in the reading.
    soon() {
      afresh = true;
      soon();
    },
    get link() {
      return link;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onMove(listener) {
      moves.add(listener);
    },
    onLink(listener) {
      linkListeners.add(listener);
      listener(link);
    },
    setDesk(next) {
      if (next === state.desk) return null;
      Object.assign(state, { desk: next, loaded: false });
      asked = false;
      return running ? running.then(load) : load();
    },
    // A row that one of our own writes answered with: shown at once, without a sound.
    put(row) {
      if (!row?.id || !row.number) return;
      const before = state.incidents;
      const open = !["closed", "cancelled", "merged"].includes(row.state);
      const known = before.find((one) => one.id === row.id);
      if (known && known.version > row.version) return;
      const incidents = before.filter((one) => one.id !== row.id);
      if (open) incidents.push({ ...known, ...row });
      incidents.sort(byUrgency);
      state.incidents = incidents;
      tell({ first: false, mine: true, incidents: difference(before, incidents), units: difference([], []), calls: difference([], []) });
      afresh = true;
      soon();
    },
    incident: (id) => state.incidents.find((row) => row.id === id) ?? null,
    unit: (callsign) => state.units.find((row) => row.callsign.toLowerCase() === String(callsign).toLowerCase()) ?? null,
    // Open incidents that a spoken number means: the short number itself, else every one that ends so.
    numbered(words) {
      const wanted = String(words).toLowerCase();
      const exact = state.incidents.filter((row) => row.number.toLowerCase() === wanted || shortNumber(row.number) === wanted.replace(/^0+(?=\d)/, ""));
      return exact.length ? exact : state.incidents.filter((row) => row.number.toLowerCase().endsWith(wanted));
    },
  };
}
