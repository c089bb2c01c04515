// The only module that talks to the server.

import { t } from "./text.js";

export class ApiError extends Error {
  // `body` is the whole answer: a conflict carries the row as it is now.
  constructor(status, code, message, body = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.body = body;
  }
}

function csrfToken() {
  return document.querySelector("meta[name='csrf-token']")?.content ?? "";
}

// What a status means, for answers without words: from a proxy before the server, or cut off half way.
const GENERAL = { 401: "error_login_required", 403: "error_forbidden", 404: "error_not_found", 502: "error_unavailable", 503: "error_unavailable", 504: "error_unavailable" };

function generalWords(status) {
  return GENERAL[status] ? t(GENERAL[status]) : t("The request failed ({status}).", { status });
}

const sentence = (words) => words.charAt(0).toLocaleUpperCase() + words.slice(1);

async function request(address, options = {}) {
  let response;
  try {
    response = await fetch(address, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "offline", t("The server does not answer. Check the connection and try again."));
  }
  if (response.ok) return response;
  let code = "error";
  let message = generalWords(response.status);
  let body = {};
  try {
    body = await response.json();
    code = body.error ?? code;
    // The server's words: they are in the reader's language, and say what was wrong and what to do.
    message = body.message ? sentence(body.message) : message;
  } catch {
    // The answer was not ours; the status says enough.
  }
  throw new ApiError(response.status, code, message, body);
}

export async function getJson(address, { signal } = {}) {
  const response = await request(address, { signal, priority: "high", headers: { Accept: "application/json" } });
  return response.json();
}

async function send(method, address, body, { key } = {}) {
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken() };
  if (key) headers["Idempotency-Key"] = key;
  const response = await request(address, { method, headers, body: JSON.stringify(body ?? {}) });
  return response.status === 204 ? null : response.json();
}

export const postJson = (address, body, options) => send("POST", address, body, options);
export const patchJson = (address, body, options) => send("PATCH", address, body, options);
export const deleteJson = (address, body, options) => send("DELETE", address, body, options);

// A form with files in it.
export async function postForm(address, form, { key } = {}) {
  const headers = { Accept: "application/json", "X-CSRFToken": csrfToken(), ...(key ? { "Idempotency-Key": key } : {}) };
  return (await request(address, { method: "POST", headers, body: form })).json();
}

// A vector tile as bytes. The browser revalidates it by ETag; an unchanged one costs no body.
// Tiles wait behind what somebody asked for.
export async function getTile(address, { signal } = {}) {
  const response = await request(address, { signal, priority: "low" });
  return response.arrayBuffer();
}

export const featureDetail = (layer, id, options) => getJson(`/api/v1/features/${layer}/${id}`, options);
export const layerFeatures = (layer, options) => getJson(`/api/v1/layers/${layer}/features`, options);
export const activeJobs = (options) => getJson("/api/v1/jobs?active=1", options);

export function searchPlaces(text, { near, signal } = {}) {
  const query = new URLSearchParams({ q: text });
  if (near) query.set("near", `${near.lng.toFixed(5)},${near.lat.toFixed(5)}`);
  return getJson(`/api/v1/search?${query}`, { signal });
}

// `after` is the id of the last event known; without it the stream begins now.
export function openEvents(after = 0) {
  return new EventSource(after ? `/events/?last_id=${after}` : "/events/");
}
