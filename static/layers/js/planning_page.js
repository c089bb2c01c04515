// The planning page: plans and requests listed, a plan made, reviewed, compared, followed until it stands.

import { startCityMap } from "./city_map.js";
import { onEvent } from "./events.js";
import { planDetail, plansListed, requestsListed } from "./api_planning.js";
import { createPlanCompare } from "./planning_compare.js";
import { createPlanList } from "./planning_list.js";
import { createNewPlan } from "./planning_new.js";
import { createPlanView } from "./planning_view.js";
import { createRequests } from "./planning_requests.js";
import { toast } from "./toast.js";

const page = document.getElementById("planning");
const may = { plan: page.dataset.mayPlan === "yes", see: page.dataset.maySee === "yes", ask: page.dataset.mayAsk === "yes" };
// What a click on the map means is the business of the part that is open.
let clicks = null;
let requests = [];
const city = await startCityMap({ onClick: (latlng) => (clicks ? clicks(latlng) : false) });
// A city full of sites wants smaller marks.
const far = () => city.scene.map.getContainer().classList.toggle("is-far", city.scene.map.getZoom() < 14);
city.scene.map.on("zoomend", far);
far();
const desk = {
  ...city,
  may,
  takeClicks(taker) {
    clicks = taker;
    city.scene.map.getContainer().classList.toggle("takes-clicks", Boolean(taker));
  },
  open,
  refresh,
  openRequests: () => requests.filter((row) => row.state === "new"),
};

const parts = {
  list: may.see ? createPlanList(page.querySelector("[data-part='list']"), desk) : null,
  requests: createRequests(page.querySelector("[data-part='requests']"), desk),
  compare: may.see ? createPlanCompare(page.querySelector("[data-part='compare']"), desk) : null,
  new: may.plan ? createNewPlan(page.querySelector("[data-part='new']"), desk) : null,
  plan: may.see ? createPlanView(page.querySelector("[data-part='plan']"), desk) : null,
};
let current = "";

// `open("plan", 7)`, `open("list")`; the address says where one is, and the back button works.
async function open(name, value = null, { push = true } = {}) {
  const part = parts[name];
  if (!part) return;
  if (current && parts[current]?.leave) parts[current].leave();
  desk.takeClicks(null);
  current = name;
  for (const node of page.querySelectorAll("[data-part]")) node.hidden = node.dataset.part !== name;
  for (const tab of page.querySelectorAll("[data-tab]")) {
    if (tab.dataset.tab === name) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
  }
  const query = name === "plan" ? `?plan=${value}` : name === "list" ? "" : `?view=${name}`;
  if (push) history.pushState(null, "", `${location.pathname}${query}${location.hash}`);
  document.querySelector(".console-side").scrollTop = 0;
  try {
    if (name === "plan") await part.show(await planDetail(value), { fresh: true });
    else await part.show?.(value);
  } catch (error) {
    toast(error.message, "bad");
    if (name === "plan") await open(may.see ? "list" : "requests");
  }
}

async function refresh() {
  const [listed, asked] = await Promise.all([may.see ? plansListed() : { plans: [] }, requestsListed()]);
  requests = asked.requests;
  parts.list?.fill(listed.plans);
  parts.compare?.fill(listed.plans);
  parts.requests.fill(requests);
  parts.new?.fillRequests(requests);
}

function wanted() {
  const query = new URLSearchParams(location.search);
  if (query.has("plan") && may.see) return ["plan", Number(query.get("plan"))];
  if (query.has("area") && may.plan) return ["new", { area: query.get("area") }];
  const view = query.get("view");
  return [parts[view] ? view : may.see ? "list" : "requests", null];
}

for (const tab of page.querySelectorAll("[data-tab]")) tab.addEventListener("click", () => open(tab.dataset.tab));
addEventListener("popstate", () => open(...wanted(), { push: false }));
onEvent("*", (event, kind) => {
  if (kind.startsWith("plan.") || kind.startsWith("request.") || kind === "reset") {
    refresh().catch(() => {});
    if (current === "plan") parts.plan.heard(event.payload ?? event);
  }
});

await refresh();
await open(...wanted(), { push: false });
document.documentElement.dataset.ready = "planning";
