// The incident's sheet: one button, or the browser's own printing.

document.querySelector("[data-print]").addEventListener("click", () => print());
document.documentElement.dataset.ready = "sheet";
