// Addresses of the coverage console.

import { getJson, postJson } from "./api.js";

export const latestRun = () => getJson("/api/v1/coverage/runs/latest");
export const coverageRun = (run) => getJson(`/api/v1/coverage/runs/${run}`);
export const analyse = (order) => postJson("/api/v1/coverage/runs", order);
export const camerasSeeing = (lon, lat, options) => getJson(`/api/v1/cameras-seeing?lon=${lon}&lat=${lat}`, options);
export const cameraView = (camera) => postJson("/api/v1/camera-view", camera);
export const jobState = (id) => getJson(`/api/v1/jobs/${id}`);
