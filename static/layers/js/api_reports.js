// Addresses of the reports page.

import { getJson } from "./api.js";

const ROOT = "/api/v1/performance";
const query = (period) => new URLSearchParams({ from: period.from, to: period.to });

export function performance(period, by, options) {
  const asked = query(period);
  asked.set("by", by);
  return getJson(`${ROOT}?${asked}`, options);
}

export const performanceFile = (name, period) => `${ROOT}/${name}?${query(period)}`;
export const areaOutlines = (level) => getJson(`/api/v1/areas?level=${level}`);
