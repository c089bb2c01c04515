// Keeps the unit's page and its files on the phone, so that it opens where no network is. Never data of the API.

const CACHE = "ncc-unit-1";
const KEEPS = (address) => address.pathname === "/unit/" || address.pathname.startsWith("/static/") || address.pathname.startsWith("/tiles/basemap/");

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)))).then(() => self.clients.claim())));

// The network first; what it last said where it does not answer.
self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== location.origin || !KEEPS(address)) return;
  event.respondWith(
    fetch(event.request).then((answer) => {
      // Not a login page in the place of ours.
      if (answer.ok && !answer.redirected) {
        const copy = answer.clone();
        event.waitUntil(caches.open(CACHE).then((cache) => cache.put(event.request, copy)));
      }
      return answer;
    }).catch(() => caches.match(event.request, { ignoreVary: true }).then((kept) => kept ?? Response.error())),
  );
});
