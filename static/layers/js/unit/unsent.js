// What the unit pressed where no network was: kept on the phone, sent in order, each once, with its own time.

import { postJson } from "../api.js";
import { newKey } from "../dispatch/ids.js";

const KEY = "ncc-unit-unsent";
const FIRST_MS = 2000;
const MOST_MS = 30_000;

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "[]");
  } catch {
    return [];
  }
}

// `onChange(entries)`; an entry: {key, address, body, words, at, refused?}.
export function createUnsent({ onChange, onSent }) {
  let entries = read();
  let timer = 0;
  let wait = FIRST_MS;
  let busy = false;

  function keep() {
    try {
      localStorage.setItem(KEY, JSON.stringify(entries));
    } catch {
      // Kept as long as the page is open.
    }
    onChange(entries);
  }

  async function send() {
    clearTimeout(timer);
    if (busy) return;
    busy = true;
    try {
      for (let next = entries.find((one) => !one.refused); next; next = entries.find((one) => !one.refused)) {
        try {
          const answer = await postJson(next.address, next.body, { key: next.key });
          entries = entries.filter((one) => one.key !== next.key);
          wait = FIRST_MS;
          keep();
          onSent(answer, next);
        } catch (error) {
          // No answer, or a server that is not ready: later, with the same key. A refusal is shown.
          if (!error.status || error.status >= 500 || error.status === 429) throw error;
          Object.assign(entries.find((one) => one.key === next.key), { refused: error.message, override: error.status === 409 || error.status === 422 });
          keep();
        }
      }
    } catch {
      timer = setTimeout(send, wait);
      wait = Math.min(wait * 2, MOST_MS);
    } finally {
      busy = false;
    }
  }

  addEventListener("online", () => {
    wait = FIRST_MS;
    send();
  });
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && send());

  return {
    put(address, body, words) {
      entries.push({ key: newKey(), address, body, words, at: new Date().toISOString() });
      keep();
      return send();
    },
    drop(key) {
      entries = entries.filter((one) => one.key !== key);
      keep();
    },
    // What was refused once more, with a reason; a new request, so a new key.
    again(key, more) {
      entries = entries.map((one) => (one.key === key ? { ...one, key: newKey(), refused: undefined, body: { ...one.body, ...more } } : one));
      keep();
      send();
    },
    send,
    start() {
      onChange(entries);
      send();
    },
    get waiting() {
      return entries;
    },
  };
}
