/** Where in a video each scene is, by its chapters (WebVTT). */

/** @typedef {import("../client/types").VideoCard} VideoCard */

const CUE = /(\d+):(\d\d):(\d\d\.\d+) --> (\d+):(\d\d):(\d\d\.\d+)/g;

/** @type {Map<string, Promise<number[]>>} by address: chapters are immutable */
const known = new Map();

/**
 * Seconds at which to look at each scene: past the middle, where everything has come into the picture.
 * @param {VideoCard} card
 * @returns {Promise<number[]>} none where the video has no chapters
 */
export function moments(card) {
  const address = card.media.chapters;
  if (!address) return Promise.resolve([]);
  const asked = known.get(address) || fetch(address).then((answer) => answer.text()).then(read, () => []);
  known.set(address, asked);
  return asked;
}

/**
 * @param {string} text
 * @returns {number[]}
 */
export function read(text) {
  return [...text.matchAll(CUE)].map((cue) => {
    const [start, end] = [1, 4].map((at) => Number(cue[at]) * 3600 + Number(cue[at + 1]) * 60 + Number(cue[at + 2]));
    return start + (end - start) * 0.7;
  });
}
