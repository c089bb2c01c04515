// Addresses of the dispatch console.

import { getJson } from "./api.js";

export function nearestUnits({ lon, lat, kind, count }, options) {
  const query = new URLSearchParams({ lon, lat, count, routes: "1" });
  if (kind) query.set("kind", kind);
  return getJson(`/api/v1/units/nearest?${query}`, options);
}
export const reachFrom = (lon, lat) => getJson(`/api/v1/isochrone?lon=${lon}&lat=${lat}&minutes=5,10,15`);
