/** Why a video should not be shown: a small dialog with reasons. */

import { api } from "../api.js";
import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { toast } from "../ui/toasts.js";

/** @typedef {import("../client/types").VideoCard} Card */

const REASONS = /** @type {const} */ ([
  ["violence", "Violence"], ["hate", "Hate"], ["sexual", "Sexual content"], ["self_harm", "Self-harm"], ["misleading", "Misleading"],
  ["spam", "Spam"], ["copyright", "Copyright"], ["privacy", "Somebody's privacy"], ["other", "Something else"],
]);

/**
 * @param {Card} card
 * @param {() => void} onReported
 */
export function report(card, onReported) {
  const dialog = h("dialog", { class: "sheet report", "aria-labelledby": "report-title", onclose: () => dialog.remove() });
  const close = h("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"));
  const send = (/** @type {typeof REASONS[number][0]} */ reason) => async () => {
    dialog.close();
    try {
      await api.report(card.video_id, reason);
      toast("Thank you. You will not see it again.");
      onReported();
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), "error");
    }
  };
  dialog.append(
    h(
      "div",
      { class: "sheet-in" },
      h("header", {}, h("h2", { id: "report-title" }, "What is wrong with it?"), close),
      h("div", { class: "reasons" }, ...REASONS.map(([reason, text]) => h("button", { type: "button", class: "plain", onclick: send(reason) }, text))),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}
