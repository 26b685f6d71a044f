/** How the studio says things. */

/** @typedef {import("../client/types").Project} Project */

const STATUS = {
  drafting: "Writing a draft",
  draft: "Draft",
  draft_failed: "No draft",
  approved: "Approved",
  rendering: "Rendering",
  rendered: "Rendered",
  render_failed: "Not rendered",
};

/** @param {string} status */
export const told = (status) => STATUS[/** @type {keyof typeof STATUS} */ (status)] || status;

/** @param {{ amount?: number, currency?: string, cpu_seconds?: number, gpu_seconds?: number } | null | undefined} cost */
export function price(cost) {
  if (!cost) return "–";
  const { amount = 0, currency = "USD" } = cost;
  const digits = amount >= 0.000005 && amount < 0.01 ? 5 : 2;
  return new Intl.NumberFormat(undefined, { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits }).format(amount);
}

/** @param {Project} project */
export const seconds = (project) => Math.round(project.scenes.reduce((sum, scene) => sum + scene.duration_s, 0));

/**
 * `3 scenes`, `1 scene`.
 * @param {number} count
 * @param {string} what
 */
export const count = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;
