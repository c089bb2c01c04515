// The details panel: one feature's fields, its neighbours on the pole, and what can be done with it.

import { featureDetail } from "./api.js";
import { button, clear, el } from "./dom.js";
import { formatField, formatLonLat } from "./format.js";
import { t } from "./text.js";

export function createDetails(panel, { onSelect, onClose }) {
  const title = panel.querySelector("[data-details-title]");
  const subtitle = panel.querySelector("[data-details-kind]");
  const body = panel.querySelector("[data-details-body]");
  const actions = [];
  let asked = 0;
  let opener = null;

  panel.querySelector("[data-details-close]").addEventListener("click", () => close());
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    }
  });

  function close() {
    if (panel.hidden) return;
    asked += 1;
    panel.hidden = true;
    document.body.classList.remove("has-details");
    opener?.focus?.({ preventScroll: true });
    onClose();
  }

  function reveal() {
    if (panel.hidden) opener = document.activeElement;
    panel.hidden = false;
    document.body.classList.add("has-details");
  }

  function show(detail) {
    title.textContent = detail.title;
    subtitle.textContent = [detail.layer_title, detail.subtitle].filter(Boolean).join(" · ");
    clear(body);
    const list = el("dl", { class: "fields" });
    for (const field of detail.fields) {
      if (field.kind === "hidden" || field.value === detail.title) continue;
      const value = field.kind === "phone"
        ? el("a", { href: `tel:${String(field.value).replace(/[^\d+]/g, "")}`, text: field.value })
        : el("span", { text: formatField(field) });
      const chipKey = field.key === "status" || field.key === "state" || field.key === "unit_status_status_class";
      if (chipKey) value.className = "chip";
      if (chipKey) value.dataset.value = field.value;
      list.append(el("div", { class: "field" }, el("dt", { text: field.title }), el("dd", {}, value)));
    }
    const point = detail.geometry.type === "Point" ? detail.geometry.coordinates : null;
    if (point) {
      list.append(el("div", { class: "field" }, el("dt", { text: t("Coordinates") }), el("dd", { class: "mono", text: formatLonLat(...point) })));
    }
    body.append(list);
    const row = el("div", { class: "details-actions" });
    for (const action of actions) {
      const made = action(detail);
      if (made) row.append(made);
    }
    if (row.childElementCount) body.append(row);
    if (detail.siblings.length) {
      body.append(
        el("h3", { class: "panel-heading", text: t("Also here") }),
        el(
          "ul",
          { class: "plain-list" },
          detail.siblings.map((other) =>
            el("li", {}, button(other.title, { class: "row-button", onclick: () => onSelect({ layer: detail.layer, id: other.id }) })),
          ),
        ),
      );
    }
  }

  async function open({ layer, id }) {
    const turn = ++asked;
    reveal();
    panel.setAttribute("aria-busy", "true");
    try {
      const detail = await featureDetail(layer, id);
      if (turn !== asked) return null;
      show(detail);
      panel.querySelector("[data-details-title]").focus({ preventScroll: true });
      return detail;
    } catch (error) {
      if (turn !== asked) return null;
      title.textContent = t("Not available");
      subtitle.textContent = "";
      clear(body).append(el("p", { class: "empty-state", text: error.message }));
      return null;
    } finally {
      if (turn === asked) panel.removeAttribute("aria-busy");
    }
  }

  return {
    open,
    close,
    // `make(detail)` returns a button or null; consoles add theirs.
    addAction(make) {
      actions.push(make);
    },
  };
}
