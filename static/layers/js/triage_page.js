// The triage queue: loaded again when something came in, unless a hand is at work on it.

import { onLayerChange } from "./events.js";
import "./shell.js";

let touched = false;
for (const form of document.querySelectorAll(".triage-form")) {
  form.addEventListener("input", () => {
    touched = true;
  });
}
onLayerChange({ key: "triage", sources: [] }, () => {
  if (!touched && !location.search) location.reload();
});
document.documentElement.dataset.ready = "triage";
