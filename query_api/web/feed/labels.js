/** Words for what the API names. */

const WHY = {
  made_for_you: "Made for you",
  interest: "Because of what you watch",
  fresh: "New",
  explore: "Something different",
  starter: "To begin with",
  yours: "Your prompt",
};

/**
 * Why a video is shown.
 * @param {import("../client/types").VideoCard} card
 */
export function why(card) {
  const reason = card.reason || "";
  return WHY[/** @type {keyof typeof WHY} */ (reason)] || sentence(reason);
}

/**
 * A name of the API as words: `night-neon` → "Night neon".
 * @param {string} name
 */
export function sentence(name) {
  if (name === "default") return "House style";
  const text = name.replace(/[-_]+/g, " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * @param {string} time ISO 8601
 * @param {number} [now] milliseconds
 */
export function ago(time, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return new Date(time).toLocaleDateString();
}

/** @param {number} ms */
export function clock(ms) {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
