/**
 * Four <video> elements, used again and again: previous, current, next, and the one after.
 *
 * A browser keeps few decoders; a page that makes an element for every video dies after some dozens of swipes.
 */

import { h } from "../ui/dom.js";

/** @typedef {import("../client/types").VideoCard} Card */
/** @typedef {{ element: HTMLVideoElement, id: string | null, url: string }} Seat */

export const SIZE = 4;

export class Pool {
  /** @param {(id: string) => void} onPainted the first frame of a video is there */
  constructor(onPainted) {
    this.onPainted = onPainted;
    /** @type {Seat[]} */
    this.seats = Array.from({ length: SIZE }, () => ({ element: makeVideo(), id: null, url: "" }));
  }

  /**
   * The element of a video, if it has one.
   * @param {string} id
   */
  of(id) {
    return this.seats.find((seat) => seat.id === id)?.element || null;
  }

  /** Ids that sit in an element. */
  get ids() {
    return new Set(this.seats.flatMap((seat) => (seat.id ? [seat.id] : [])));
  }

  /**
   * Give these videos an element each; all other elements are emptied.
   * @param {{ card: Card, place: Element, url: string }[]} wanted the current one first
   * @param {boolean} captions whether they are shown
   */
  seat(wanted, captions) {
    const shown = wanted.slice(0, SIZE);
    const ids = new Set(shown.map((item) => item.card.video_id));
    for (const seat of this.seats) if (seat.id && !ids.has(seat.id)) this.#empty(seat);
    for (const item of shown) this.#fill(item, captions);
  }

  /**
   * @param {{ card: Card, place: Element, url: string }} item
   * @param {boolean} captions
   */
  #fill({ card, place, url }, captions) {
    const seat = this.seats.find((one) => one.id === card.video_id) || this.seats.find((one) => !one.id);
    if (!seat) return;
    if (seat.element.parentElement !== place) place.prepend(seat.element);
    if (seat.id === card.video_id) return;
    seat.id = card.video_id;
    seat.url = url;
    seat.element.src = url;
    seat.element.setAttribute("aria-label", card.title);
    if (card.media.captions) seat.element.append(h("track", { kind: "captions", label: "Captions", src: card.media.captions }));
    for (const track of seat.element.textTracks) track.mode = captions ? "showing" : "hidden";
    this.#announce(seat, card.video_id);
  }

  /**
   * @param {Seat} seat
   * @param {string} id
   */
  #announce(seat, id) {
    const painted = () => {
      if (seat.id === id) this.onPainted(id);
    };
    if (seat.element.requestVideoFrameCallback) seat.element.requestVideoFrameCallback(painted);
    else seat.element.addEventListener("loadeddata", painted, { once: true });
  }

  /** @param {string} id */
  drop(id) {
    for (const seat of this.seats) if (seat.id === id) this.#empty(seat);
  }

  /** @param {Seat} seat */
  #empty(seat) {
    seat.element.pause();
    seat.element.removeAttribute("src");
    seat.element.replaceChildren();
    seat.element.load();
    seat.element.remove();
    seat.id = null;
    seat.url = "";
  }
}

function makeVideo() {
  return h("video", {
    class: "video",
    playsInline: true,
    loop: true,
    muted: true,
    preload: "auto",
    disablePictureInPicture: true,
    disableRemotePlayback: true,
    tabIndex: -1,
  });
}
