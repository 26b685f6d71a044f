import { byId, h } from "./dom.js";

/**
 * Say something for a few seconds.
 * @param {string} text
 * @param {"plain" | "error"} [kind]
 */
export function toast(text, kind = "plain") {
  const box = byId("toasts");
  const item = h("p", { class: `toast ${kind}` }, text);
  box.append(item);
  while (box.children.length > 3) box.firstElementChild?.remove();
  setTimeout(() => item.remove(), kind === "error" ? 7000 : 3500);
}
