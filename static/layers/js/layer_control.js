// The layer control with its legend: a switch for each layer, its symbols under it.

import { isShown, showLayer } from "./composition.js";
import { clear, el } from "./dom.js";
import { styleSample } from "./symbols.js";
import { t } from "./text.js";
import { onThemeChange } from "./theme.js";

export function createLayerControl(panel, scene) {
  const list = panel.querySelector("[data-layer-list]");
  const paints = [];
  onThemeChange(() => paints.forEach((paint) => paint()));

  function sample(style, geometry) {
    const made = styleSample(style, geometry);
    paints.push(made.paint);
    return made.canvas;
  }

  function line(options) {
    const id = `layer-${options.key}`;
    const box = el("input", { type: "checkbox", role: "switch", id, class: "switch" });
    box.checked = isShown(options.key);
    const legend = options.variants.length
      ? el(
          "ul",
          { class: "legend", hidden: !box.checked },
          options.variants.map((variant) => el("li", {}, sample(variant.style, options.geometry), el("span", { text: variant.title }))),
        )
      : null;
    const note = el("p", { class: "layer-note", hidden: true });
    box.addEventListener("change", () => showLayer(options.key, box.checked));
    scene.map.on("layerchoice", ({ key, shown }) => {
      if (key !== options.key) return;
      box.checked = shown;
      if (legend) legend.hidden = !shown;
      if (!shown) note.hidden = true;
    });
    const { drawing } = scene.layers.get(options.key);
    drawing.on("failed", ({ error }) => {
      note.textContent = error.message;
      note.hidden = false;
    });
    drawing.on("loaded load", () => (note.hidden = true));
    drawing.on("leftout", ({ count }) => {
      note.textContent = t("{n} not drawn here: zoom in", { n: count });
      note.hidden = false;
    });
    return el(
      "li",
      { class: "layer" },
      el("label", { class: "layer-line", for: id }, sample(options.style, options.geometry), el("span", { class: "layer-title", text: options.title }), box),
      legend,
      note,
    );
  }

  clear(list);
  for (const [group, title] of Object.entries(scene.groups)) {
    const entries = [...scene.layers.values()].map(({ options }) => options).filter((options) => options.group === group);
    if (!entries.length) continue;
    list.append(
      el("section", { class: "layer-group" }, el("h3", { class: "panel-heading", text: title }), el("ul", { class: "plain-list" }, entries.map(line))),
    );
  }
}
