// A road closed on the map: points by clicks, Enter ends the line, a reason, and it is in force.

import { closureLift, closureMake } from "../api_dispatch.js";
import { button, clear, el } from "../dom.js";
import { tellHere } from "../events.js";
import { formatInteger, formatMetres } from "../format.js";
import { toast } from "../toast.js";
import { t } from "../text.js";
import { newKey } from "./ids.js";

export function createClosureTool(node, { scene, details }, { choices }) {
  const { L, map } = scene;
  const toggle = node.querySelector("[data-closure-toggle]");
  const form = node.querySelector("form");
  const said = node.querySelector("[data-closure-said]");
  const drawing = L.layerGroup().addTo(map);
  const renderer = L.svg();
  let points = [];
  let active = false;
  let key = newKey();

  function draw() {
    drawing.clearLayers();
    const line = points.map(([lon, lat]) => [lat, lon]);
    if (line.length > 1) L.polyline(line, { renderer, color: "#ff6b6b", weight: 6, dashArray: "9 6", interactive: false }).addTo(drawing);
    for (const at of line) L.circleMarker(at, { renderer, radius: 5, color: "#ff6b6b", fillColor: "#ffffff", fillOpacity: 1, interactive: false }).addTo(drawing);
    delete said.dataset.kind;
    said.textContent = points.length < 2 ? t("Click along the road; two points at least.") : t("{n} points", { n: points.length });
  }

  function set(on) {
    active = on;
    toggle.setAttribute("aria-pressed", String(on));
    form.hidden = !on;
    map.getContainer().classList.toggle("is-drawing", on);
    if (!on) {
      points = [];
      form.reset();
    }
    draw();
  }

  function add(latlng) {
    points.push([Number(latlng.lng.toFixed(7)), Number(latlng.lat.toFixed(7))]);
    draw();
  }

  toggle.addEventListener("click", () => set(!active));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      set(false);
      toggle.focus();
    }
  });
  // Without a pointer: the middle of the map is a point too.
  form.querySelector("[data-closure-centre]").addEventListener("click", () => add(map.getCenter()));
  form.querySelector("[data-closure-undo]").addEventListener("click", () => {
    points.pop();
    draw();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (points.length < 2) {
      said.dataset.kind = "bad";
      return;
    }
    const ends = form.elements.ends_at.value;
    try {
      const made = await closureMake({ kind: form.elements.kind.value, reason: form.elements.reason.value.trim(), ends_at: ends ? new Date(ends).toISOString() : null, geometry: { type: "LineString", coordinates: points } }, key);
      key = newKey();
      set(false);
      tellHere({ kind: "closure.drawn", layer: "closures" });
      const shut = made.closes ? ` ${t("{n} stretches, {length}", { n: formatInteger(made.closes.roads), length: formatMetres(made.closes.street_m) })}` : "";
      toast(t("The road is closed; times by road follow it from now on.") + shut, "good");
    } catch (error) {
      clear(said).append(el("span", { text: error.message }));
    }
  });
  details.addAction((detail) => detail.layer === "closures" && button(t("Open the road again"), { class: "button", onclick: async () => {
    try {
      await closureLift(detail.id);
      tellHere({ kind: "closure.lifted", layer: "closures" });
      toast(t("The road is open again."), "good");
      details.close();
    } catch (error) {
      toast(error.message, "bad");
    }
  } }));
  for (const one of choices.closure_kinds ?? []) form.elements.kind.append(el("option", { value: one.code, text: one.name }));

  return {
    // True when the click was a point of the line.
    click(latlng) {
      if (!active) return false;
      add(latlng);
      return true;
    },
    cancel: () => active && set(false),
    get active() {
      return active;
    },
  };
}
