// Addresses of dispatch: the board, calls, incidents, assignments, units, closures.

import { getJson, patchJson, postForm, postJson } from "./api.js";

const V1 = "/api/v1";

export function nearestUnits({ lon, lat, kind, count }, options) {
  const query = new URLSearchParams({ lon, lat, count, routes: "1" });
  if (kind) query.set("kind", kind);
  return getJson(`${V1}/units/nearest?${query}`, options);
}
export const reachFrom = (lon, lat) => getJson(`${V1}/isochrone?lon=${lon}&lat=${lat}&minutes=5,10,15`);

export const boardSnapshot = (desk, seen = null) => getJson(`${V1}/board?desk=${encodeURIComponent(desk)}${seen ? `&seen=${seen}` : ""}`);
export const incidentDetail = (id, options) => getJson(`${V1}/incidents/${id}`, options);
export const incidentMake = (fields, key) => postJson(`${V1}/incidents`, fields, { key });
export const incidentEdit = (id, fields) => patchJson(`${V1}/incidents/${id}`, fields);
export const incidentState = (id, order, key) => postJson(`${V1}/incidents/${id}/state`, order, { key });
export const incidentMerge = (id, order, key) => postJson(`${V1}/incidents/${id}/merge`, order, { key });
export const incidentNote = (id, text, key) => postJson(`${V1}/incidents/${id}/notes`, { text }, { key });
export const incidentCameras = (id, codes) => postJson(`${V1}/incidents/${id}/cameras`, { codes });
export const attachmentAddress = (id, attachment) => `${V1}/incidents/${id}/attachments/${attachment}`;

export function incidentAttach(id, file, key) {
  const form = new FormData();
  form.append("file", file, file.name);
  return postForm(`${V1}/incidents/${id}/attachments`, form, { key });
}

// Without alternatives it is there at once; what the city keeps covered takes longer.
export function recommendation(id, { alarmLevel, alternatives = false } = {}, options) {
  const query = new URLSearchParams({ routes: "1", alternatives });
  if (alarmLevel) query.set("alarm_level", alarmLevel);
  return getJson(`${V1}/incidents/${id}/recommendation?${query}`, options);
}
// Before there is an incident: what a type at a place would get.
export function recommendationFor({ type, lon, lat, alarmLevel = 1 }, options) {
  return getJson(`${V1}/recommendation?${new URLSearchParams({ type, lon, lat, alarm_level: alarmLevel, alternatives: "false" })}`, options);
}
export const dispatchUnits = (id, order, key) => postJson(`${V1}/incidents/${id}/dispatch`, order, { key });
export const assignmentStep = (id, order, key) => postJson(`${V1}/assignments/${id}/step`, order, { key });
export const unitStatus = (id, order, key) => postJson(`${V1}/units/${id}/status`, order, { key });
export const unitJob = (id, options) => getJson(`${V1}/units/${id}/job`, options);

export const callMake = (fields, key) => postJson(`${V1}/calls`, fields, { key });
export const callerOf = (id) => getJson(`${V1}/calls/${id}/caller`);
export const callTake = (id, version) => postJson(`${V1}/calls/${id}/take`, { version });
export const callEdit = (id, fields) => patchJson(`${V1}/calls/${id}`, fields);
export const callIncident = (id, fields, key) => postJson(`${V1}/calls/${id}/incident`, fields, { key });
export const callLink = (id, number, key) => postJson(`${V1}/calls/${id}/link`, { number }, { key });

export const coverNow = (query, options) => getJson(`${V1}/cover?${new URLSearchParams(query)}`, options);
export const warningsNow = () => getJson(`${V1}/hazards`);
export const unitTrack = (id, { from, to }) => getJson(`${V1}/units/${id}/track?${new URLSearchParams({ from, to })}`);
export const closureMake = (fields, key) => postJson(`${V1}/closures`, fields, { key });
export const closureLift = (id) => postJson(`${V1}/closures/${id}/lift`, {});
