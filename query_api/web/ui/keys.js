/** Keys, and the wheel over the parts of the page that do not scroll. */

const KEYS = /** @type {Record<string, string>} */ ({
  ArrowDown: "next", PageDown: "next", j: "next", ArrowUp: "previous", PageUp: "previous", k: "previous",
  " ": "pause", m: "sound", l: "like", n: "make", s: "share", x: "not_interested", c: "captions", r: "report",
});

/** @param {(action: string) => void} act */
export function listenToKeys(act) {
  addEventListener("keydown", (event) => {
    const target = /** @type {Element} */ (event.target);
    const busy = event.ctrlKey || event.metaKey || event.altKey || target.closest("dialog, input, textarea, select");
    const pressing = target.closest("button, a") && (event.key === " " || event.key === "Enter");
    const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (busy || pressing || !action) return;
    event.preventDefault();
    if (!event.repeat || action === "next" || action === "previous") act(action);
  });
}

/** @param {(steps: number) => void} step */
export function listenToWheel(step) {
  let quietAt = 0;
  addEventListener("wheel", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target.closest(".feed, dialog, .next, .jobs") || Math.abs(event.deltaY) < 8) return;
    if (event.timeStamp >= quietAt) step(Math.sign(event.deltaY));
    quietAt = event.timeStamp + 250; // one turn of the wheel is one step, however many events it sends
  }, { passive: true });
}
