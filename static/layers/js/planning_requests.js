// Requests: a pin with a reason, what it would add, and where it stands.

import { gainAt, requestAct, requestDetail, requestNew } from "./api_planning.js";
import { askReason } from "./ask_reason.js";
import { placeMark } from "./city_map.js";
import { button, clear, el } from "./dom.js";
import { formatInteger, formatLonLat } from "./format.js";
import { chipKind } from "./planning_list.js";
import { timeline } from "./planning_timeline.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

export function createRequests(node, desk) {
  const { L, map } = desk.scene;
  const list = node.querySelector("[data-request-list]");
  const form = node.querySelector("form");
  const where = node.querySelector("[data-where]");
  const group = L.layerGroup();
  let rows = [];
  let chosen = 0;
  let pin = null;
  let turn = 0;

  async function put(latlng) {
    if (!form) return false;
    if (pin) pin.setLatLng(latlng);
    else pin = placeMark(L, map, latlng, put);
    const mine = ++turn;
    where.textContent = `${formatLonLat(latlng.lng, latlng.lat)} · ${t("computing what it would add")}`;
    try {
      const found = await gainAt(latlng.lng, latlng.lat);
      if (mine === turn) where.textContent = t("{street}: would add {gain} of unseen demand", { street: found.street || formatLonLat(latlng.lng, latlng.lat), gain: formatInteger(found.gain) });
    } catch (error) {
      if (mine === turn) where.textContent = error.message;
    }
    return true;
  }

  async function act(row, name, title, danger) {
    const reason = await askReason({ title, confirm: title, danger });
    if (reason === null) return;
    try {
      await requestAct(row.request, name, { version: row.version, reason });
    } catch (error) {
      toast(error.message, "bad");
    }
    await desk.refresh();
  }

  async function openRow(row, item) {
    chosen = chosen === row.request ? 0 : row.request;
    draw();
    if (!chosen) return;
    map.setView([row.lat, row.lon], Math.max(map.getZoom(), 16));
    const body = list.querySelector("[data-open]");
    try {
      let whole = await requestDetail(row.request);
      if (whole.gain === null) whole = await requestAct(row.request, "gain", { version: whole.version });
      if (chosen !== row.request) return;
      body.append(
        el("p", { text: row.reason }),
        whole.gain === null ? null : el("p", { class: "console-note", text: t("would add {gain} of unseen demand", { gain: formatInteger(whole.gain) }) }),
        el("div", { class: "details-actions" },
          row.may.decline ? button(t("Decline"), { class: "button", onclick: () => act(row, "decline", t("Decline this request"), true) }) : null,
          row.may.withdraw ? button(t("Withdraw"), { class: "button", onclick: () => act(row, "withdraw", t("Withdraw this request"), true) }) : null),
        timeline(whole.steps));
    } catch (error) {
      toast(error.message, "bad");
    }
    item?.focus();
  }

  function draw() {
    clear(list);
    group.clearLayers();
    for (const row of rows) {
      L.circleMarker([row.lat, row.lon], { renderer: L.svg(), radius: 8, className: `request-pin is-${row.state}`, interactive: false }).addTo(group);
      const open = chosen === row.request;
      const item = el("button", { type: "button", class: "rank-row", "aria-expanded": String(open), onclick: () => openRow(row, item) },
        el("span", { class: "rank", text: String(row.request) }),
        el("span", { class: "where" }, row.requester, el("small", { text: [row.source_name, row.street, row.area_name].filter(Boolean).join(" · ") })),
        el("span", { class: "amount" }, el("span", { class: "chip", dataset: { kind: chipKind(row.state) }, text: row.state_name })));
      list.append(el("li", {}, item, open ? el("div", { class: "row-detail", "data-open": "" }) : null));
    }
    if (!rows.length) list.append(el("li", { class: "empty-state", text: t("No request yet.") }));
  }

  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!pin) {
      where.textContent = t("Click the place on the map first.");
      return;
    }
    const { lat, lng } = pin.getLatLng();
    const submit = form.querySelector("[type='submit']");
    submit.disabled = true;
    try {
      await requestNew({ lon: lng, lat, source: form.elements.source.value, requester: form.elements.requester.value, reason: form.elements.reason.value });
      form.reset();
      pin.remove();
      pin = null;
      where.textContent = t("Sent. Follow it in the list below.");
      await desk.refresh();
    } catch (error) {
      toast(error.message, "bad");
    } finally {
      submit.disabled = false;
    }
  });
  node.querySelector("[data-pin-centre]")?.addEventListener("click", () => put(map.getCenter()));

  return {
    show() {
      group.addTo(map);
      desk.takeClicks(put);
      draw();
    },
    leave() {
      group.remove();
      pin?.remove();
      pin = null;
    },
    fill(found) {
      rows = found;
      if (!node.hidden) draw();
    },
  };
}
