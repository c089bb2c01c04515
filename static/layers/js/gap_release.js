// The formal release of a run's gap map: who opened or closed it, and the button of those who may.

import { gapRelease, gapsRelease, gapsWithdraw } from "./api_coverage.js";
import { askReason } from "./ask_reason.js";
import { button, clear, el } from "./dom.js";
import { formatTime } from "./format.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

export function createGapRelease(node) {
  let run = 0;

  function draw(found) {
    const last = found.acts.at(-1);
    const words = !last ? t("The public does not see this gap map.") : found.released
      ? t("Released to the public by {who} on {time}: {reason}", { who: last.author, time: formatTime(last.at), reason: last.text })
      : t("Closed again by {who} on {time}: {reason}", { who: last.author, time: formatTime(last.at), reason: last.text });
    clear(node).append(el("p", { class: "console-note", text: words }));
    if (found.released) node.append(el("a", { class: "button is-quiet", href: `/decisions/gaps/${run}/`, text: t("What the public sees") }));
    if (!found.may) return;
    node.append(found.released
      ? button(t("Close the gap map again"), { class: "button", onclick: () => act(gapsWithdraw, t("Close the gap map again"), t("What was loaded meanwhile stays out.")) })
      : button(t("Release this gap map to the public"), { class: "button", onclick: () => act(gapsRelease, t("Release this gap map to the public"), t("Everybody will see the streets that no camera watches, with this reason.")) }));
  }

  async function act(task, title, message) {
    const reason = await askReason({ title, message, confirm: title, danger: task === gapsRelease });
    if (reason === null) return;
    try {
      draw(await task(run, { reason }));
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  return {
    async show(current) {
      run = current.run;
      clear(node);
      if (!run) return;
      const mine = run;
      try {
        const found = await gapRelease(mine);
        if (mine === run) draw(found);
      } catch (error) {
        toast(error.message, "bad");
      }
    },
  };
}
