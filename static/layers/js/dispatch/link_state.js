// The state of the line to the server, said plainly: live, read every few seconds, or lost.

import { formatElapsed, onSecond } from "./clock.js";
import { t } from "../text.js";

const SHAPES = { live: "●", polling: "◐", lost: "✕", closed: "✕", starting: "○" };

export function createLinkState(node, board) {
  const shape = node.querySelector("[data-shape]");
  const said = node.querySelector("[data-words]");

  function draw() {
    const { link, state } = board;
    const age = state.readAt ? formatElapsed(new Date(state.readAt).toISOString(), Date.now()) : "–";
    const words = {
      live: t("Live"), polling: t("No live line: read every few seconds"), lost: t("No connection. What you see is {age} old", { age }),
      closed: t("Logged out: log in again"), starting: t("Connecting"),
    }[link];
    node.dataset.link = link;
    shape.textContent = SHAPES[link];
    if (said.textContent !== words) said.textContent = words;
  }

  board.onLink(draw);
  onSecond(() => board.link === "lost" && draw());
  return { draw };
}
