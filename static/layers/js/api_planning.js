// Addresses of the planning page.

import { activeJobs, getJson, postJson } from "./api.js";

const BASE = "/api/v1/planning";

export const plansListed = () => getJson(`${BASE}/plans`);
export const planDetail = (plan) => getJson(`${BASE}/plans/${plan}`);
export const planViews = (plan, site = 0) => getJson(`${BASE}/plans/${plan}/views?site=${site}`);
export const planOrder = (order) => postJson(`${BASE}/plans`, order);
export const planState = (plan, change) => postJson(`${BASE}/plans/${plan}/state`, change);
export const planRename = (plan, change) => postJson(`${BASE}/plans/${plan}/name`, change);
export const planRelease = (plan, change) => postJson(`${BASE}/plans/${plan}/release`, change);
export const planComment = (plan, said) => postJson(`${BASE}/plans/${plan}/comments`, said);
export const planBuild = (plan, sites) => postJson(`${BASE}/plans/${plan}/build`, { sites });
export const planConfirm = (plan, sites, reason = "") => postJson(`${BASE}/plans/${plan}/confirm`, { sites, reason });
export const planTurned = (plan, turns) => postJson(`${BASE}/plans/${plan}/turned`, { turns });
// `act`: endorse, refuse, reopen, take-out.
export const turnAct = (plan, turn, act, change) => postJson(`${BASE}/plans/${plan}/turns/${turn}/${act}`, change);
export const endorseRest = (plan) => postJson(`${BASE}/plans/${plan}/endorse-rest`, {});
export const siteAdd = (plan, added) => postJson(`${BASE}/plans/${plan}/sites`, added);
// `act`: try, move, endorse, refuse, reopen, take-out.
export const siteAct = (plan, site, act, change) => postJson(`${BASE}/plans/${plan}/sites/${site}/${act}`, change);
export const plansCompared = (first, second) => getJson(`${BASE}/compare?first=${first}&second=${second}`);
export const areaOutlines = () => getJson("/api/v1/areas?level=kelurahan");
export const documentAddress = (plan, kind) => `${BASE}/plans/${plan}/document/${kind}`;
export const gainAt = (lon, lat) => getJson(`${BASE}/gain?lon=${lon}&lat=${lat}`);
export const requestsListed = () => getJson(`${BASE}/requests`);
export const requestDetail = (request) => getJson(`${BASE}/requests/${request}`);
export const requestNew = (asked) => postJson(`${BASE}/requests`, asked);
// `act`: decline, withdraw, gain.
export const requestAct = (request, act, change) => postJson(`${BASE}/requests/${request}/${act}`, change);
export const jobState = (id) => getJson(`/api/v1/jobs/${id}`);
export const jobCancel = (id) => postJson(`/api/v1/jobs/${id}/cancel`);
export const planJobs = async () => (await activeJobs()).jobs.filter((job) => job.kind === "coverage.plan");
