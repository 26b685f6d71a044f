import { byId, h } from "./dom.js";

/**
 * Say something for a few seconds; what is said already is not said twice at once.
 * @param {string} text
 * @param {"plain" | "error"} [kind]
 */
export function toast(text, kind = "plain") {
  const box = byId("toasts");
  for (const said of box.querySelectorAll(`.${kind}`)) if (said.textContent === text) said.remove();
  const item = h("p", { class: `toast ${kind}` }, text);
  box.append(item);
  while (box.children.length > 3) box.firstElementChild?.remove();
  setTimeout(() => item.remove(), kind === "error" ? 7000 : 3500);
}
