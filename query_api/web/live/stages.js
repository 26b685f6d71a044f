/** How the making of a video is told. */

export const STAGES = [
  { name: "script", text: "Script" },
  { name: "voice", text: "Voice" },
  { name: "scene", text: "Scenes" },
  { name: "assembly", text: "Finish" },
];

const DOING = {
  moderation: "In the queue",
  script: "Writing the script",
  voice: "Recording the voice",
  scene: "Drawing the scenes",
  assembly: "Putting it together",
};

/**
 * @param {{ stage?: string, scene_number?: number, scene_count?: number, left_s?: number }} progress
 * @returns {string}
 */
export function doing({ stage, scene_number, scene_count, left_s }) {
  const text = DOING[/** @type {keyof typeof DOING} */ (stage)] || DOING.moderation;
  if (stage !== "scene" || !scene_number || !scene_count) return text;
  return `Drawing scene ${scene_number} of ${scene_count}${left_s ? `, about ${left_s} s` : ""}`;
}

/**
 * Which steps are over, running or to come.
 * @param {string | undefined} stage
 * @param {boolean} done
 */
export function steps(stage, done) {
  const reached = STAGES.findIndex((item) => item.name === stage);
  return STAGES.map((item, place) => ({
    ...item,
    state: done || place < reached ? "done" : place === reached ? "now" : "later",
  }));
}
