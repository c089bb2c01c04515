// Addresses of the coverage console.

import { getJson, postJson } from "./api.js";

const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined));

export const latestRun = (subject = "cameras") => getJson(`/api/v1/coverage/runs/latest?subject=${subject}`);
export const coverageRun = (run) => getJson(`/api/v1/coverage/runs/${run}`);
export const coverageRuns = (filter) => getJson(`/api/v1/coverage/runs?${query(filter)}`);
export const runLosses = (run, kind, count) => getJson(`/api/v1/coverage/runs/${run}/losses?${query({ kind, count })}`);
export const compareRuns = (first, second, level) => getJson(`/api/v1/coverage/compare?${query({ first, second, level })}`);
export const runFile = (run, format, table = "") => `/api/v1/coverage/runs/${run}/export?${query({ format, table })}`;
export const analyse = (order) => postJson("/api/v1/coverage/runs", order);
export const repeatRun = (run) => postJson(`/api/v1/coverage/runs/${run}/repeat`);
export const gapRelease = (run) => getJson(`/api/v1/coverage/runs/${run}/release`);
export const gapsRelease = (run, change) => postJson(`/api/v1/coverage/runs/${run}/release`, change);
export const gapsWithdraw = (run, change) => postJson(`/api/v1/coverage/runs/${run}/withdraw`, change);
export const releasedGaps = (run) => getJson(`/api/v1/coverage/released/${run}`);
export const demandProfiles = () => getJson("/api/v1/coverage/profiles");
export const saveProfile = (profile) => postJson("/api/v1/coverage/profiles", profile);
export const deleteProfile = (profile) => postJson("/api/v1/coverage/profiles/delete", profile);
export const camerasSeeing = (lon, lat, options) => getJson(`/api/v1/cameras-seeing?lon=${lon}&lat=${lat}`, options);
export const cameraView = (camera) => postJson("/api/v1/camera-view", camera);
export const jobState = (id) => getJson(`/api/v1/jobs/${id}`);
export const cancelJob = (id) => postJson(`/api/v1/jobs/${id}/cancel`);
export const activeAnalyses = async () => (await getJson("/api/v1/jobs?active=1")).jobs.filter((job) => job.kind === "coverage.analyse");
