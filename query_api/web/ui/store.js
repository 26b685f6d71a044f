/** Things remembered in this browser. Where storage is forbidden or full, they last as long as the page. */

/** @type {Map<string, unknown>} */
const memory = new Map();
const PREFIX = "swipestream.";

/**
 * @template T
 * @param {string} name
 * @param {T} otherwise
 * @returns {T}
 */
export function recall(name, otherwise) {
  if (memory.has(name)) return /** @type {T} */ (memory.get(name));
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/**
 * @param {string} name
 * @param {unknown} value
 */
export function remember(name, value) {
  memory.set(name, value);
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    /* private window, or full: memory has it */
  }
}

/** A random id, also where the page is not a secure context (another machine's plain http). */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Who watches: a random name that says nothing about the person. */
export function viewerId() {
  const known = recall("viewer", "");
  if (/^[A-Za-z0-9_-]{1,64}$/.test(known)) return known;
  const fresh = `web-${uuid()}`;
  remember("viewer", fresh);
  return fresh;
}
