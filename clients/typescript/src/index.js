/** The JavaScript client of Swipestream: prompts, the feed, and a stream of events that resumes without gaps. */

export { Backoff } from "./backoff.js";
export { Swipestream } from "./client.js";
export { ApiError } from "./errors.js";
export { Stream } from "./stream.js";
