// One live picture: HLS in the page, and a plain word where there is no picture.

import { getJson } from "../api.js";
import { clear, el } from "../dom.js";
import { t } from "../text.js";

export function createPicture(node) {
  let player = null;
  let turn = 0;

  function stop() {
    turn += 1;
    player?.destroy();
    player = null;
    clear(node);
    node.hidden = true;
  }

  function say(words) {
    node.querySelector("[data-picture-said]").textContent = words;
  }

  async function show(camera) {
    stop();
    if (!camera) return;
    const mine = turn;
    node.hidden = false;
    const video = el("video", { muted: true, autoplay: true, playsInline: true, controls: true, "aria-label": camera.name, hidden: true });
    node.append(video, el("p", { class: "console-note", dataset: { pictureSaid: "" }, role: "status", text: t("Asking for the picture…") }));
    let stream;
    try {
      stream = await getJson(`/api/v1/cameras/${encodeURIComponent(camera.code)}/stream`);
    } catch (error) {
      if (mine === turn) say(error.message);
      return;
    }
    if (mine !== turn) return;
    if (!stream.address) {
      say(t(`stream_${stream.reason ?? "none"}`));
      return;
    }
    const failed = () => {
      if (mine !== turn) return;
      video.hidden = true;
      say(t("The picture does not come. The camera or the relay does not answer."));
    };
    video.addEventListener("playing", () => {
      video.hidden = false;
      say("");
    });
    video.addEventListener("error", failed);
    if (video.canPlayType("application/vnd.apple.mpegurl") && !globalThis.MediaSource) {
      video.src = stream.address;
      return;
    }
    const { default: Hls } = await import("../../../vendor/hls.js/hls.mjs");
    if (mine !== turn) return;
    if (!Hls.isSupported()) {
      failed();
      return;
    }
    player = new Hls({ lowLatencyMode: true, enableWorker: true });
    player.on(Hls.Events.ERROR, (_event, data) => data.fatal && failed());
    player.loadSource(stream.address);
    player.attachMedia(video);
    video.hidden = false;
  }

  return { show };
}
