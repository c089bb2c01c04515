// Sounds made by oscillators: new, changed, unacknowledged. They can be muted; an emergency cannot.

import { t } from "../text.js";

const KEY = "ncc-sounds";
// [frequency Hz, start s, length s]
const TUNES = {
  fresh: [[660, 0, 0.14], [880, 0.16, 0.2]],
  changed: [[520, 0, 0.07]],
  unanswered: [[440, 0, 0.16], [440, 0.24, 0.16]],
  overdue: [[392, 0, 0.2], [330, 0.22, 0.28]],
  warning: [[587, 0, 0.3], [740, 0.34, 0.3], [587, 0.68, 0.4]],
  emergency: [[988, 0, 0.16], [740, 0.18, 0.16], [988, 0.36, 0.16], [740, 0.54, 0.16], [988, 0.72, 0.3]],
};

export function createSounds(node) {
  let context = null;
  let muted = localStorage.getItem(KEY) === "muted";

  function state() {
    if (muted) return "muted";
    return context?.state === "running" ? "on" : "asleep";
  }

  function draw() {
    const now = state();
    const words = { on: t("Sounds on"), muted: t("Sounds muted; emergencies are heard"), asleep: t("Sounds begin with your first key or click") }[now];
    node.dataset.state = now;
    node.setAttribute("aria-pressed", String(!muted));
    node.title = words;
    node.setAttribute("aria-label", words);
  }

  // A browser lets a page sound only after a key or a click.
  function wake() {
    context ??= new AudioContext();
    if (context.state === "suspended") context.resume().then(draw);
    draw();
  }
  addEventListener("keydown", wake, { capture: true });
  addEventListener("pointerdown", wake, { capture: true });

  function play(name) {
    if (muted && name !== "emergency") return false;
    document.documentElement.dataset.lastSound = name;
    if (!context || context.state !== "running") return false;
    const gain = context.createGain();
    gain.connect(context.destination);
    gain.gain.value = 0;
    const begin = context.currentTime + 0.01;
    for (const [frequency, start, length] of TUNES[name]) {
      const tone = context.createOscillator();
      tone.type = name === "emergency" ? "square" : "triangle";
      tone.frequency.value = frequency;
      tone.connect(gain);
      const level = name === "changed" ? 0.05 : name === "emergency" ? 0.16 : 0.14;
      gain.gain.setTargetAtTime(level, begin + start, 0.008);
      gain.gain.setTargetAtTime(0, begin + start + length - 0.03, 0.012);
      tone.start(begin + start);
      tone.stop(begin + start + length + 0.05);
    }
    return true;
  }

  node.addEventListener("click", () => {
    muted = !muted;
    try {
      localStorage.setItem(KEY, muted ? "muted" : "on");
    } catch {
      // The choice then lasts for this page.
    }
    draw();
  });
  draw();
  return { play };
}
