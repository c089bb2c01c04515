// Two windows in step: the console and its map apart, over a channel of the browser.

const CHANNEL = "ncc-dispatch";
const BEAT_MS = 2000;

// The console's end. `on`: {apart(bool), chosen(id), place(lon, lat), hello()}.
export function createConsoleEnd(on) {
  const channel = new BroadcastChannel(CHANNEL);
  let heard = 0;
  let apart = false;

  function setApart(next) {
    if (apart === next) return;
    apart = next;
    on.apart(apart);
  }

  channel.addEventListener("message", ({ data }) => {
    if (data?.from !== "map") return;
    if (data.what === "bye") {
      setApart(false);
      return;
    }
    heard = Date.now();
    setApart(true);
    if (data.what === "hello") on.hello();
    if (data.what === "chosen") on.chosen(data.id);
    if (data.what === "place") on.place(data.lon, data.lat);
  });
  setInterval(() => apart && Date.now() - heard > BEAT_MS * 4 && setApart(false), BEAT_MS);
  return {
    send: (what, more = {}) => channel.postMessage({ from: "console", what, ...more }),
    get apart() {
      return apart;
    },
  };
}

// The map's end. `on`: {select(row), routes(list), cameras(list), place(at), desk(name)}.
export function createMapEnd(on) {
  const channel = new BroadcastChannel(CHANNEL);
  const send = (what, more = {}) => channel.postMessage({ from: "map", what, ...more });
  channel.addEventListener("message", ({ data }) => data?.from === "console" && on[data.what]?.(data.value));
  send("hello");
  setInterval(() => send("beat"), BEAT_MS);
  addEventListener("pagehide", () => send("bye"));
  addEventListener("pageshow", (event) => event.persisted && send("hello"));
  return { send };
}
