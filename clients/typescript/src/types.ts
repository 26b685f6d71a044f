/** What the HTTP API answers, where it is not a contract of its own; those are in `contracts.ts`. */
import type { GatewayFrame, SwipeRecorded, VideoCard, VideoFrame } from "./contracts";

export type { GatewayFrame, ProgressFrame, VideoCard, VideoFrame } from "./contracts";

export interface FeedPage {
  items: VideoCard[];
  /** send it back for the videos after these */
  cursor?: string | null;
}

export interface Flavor {
  name: string;
  title?: string;
  description?: string;
  prompt_characters?: number;
  archetypes?: string[];
}

export interface Prompt {
  text: string;
  flavor?: string;
  archetype?: string;
  target_seconds?: number;
}

export interface Accepted {
  video_id: string;
  status: string;
  links: Record<string, string>;
}

export interface Video {
  video_id: string;
  status: string;
  reason?: string | null;
  card?: VideoCard | null;
  [more: string]: unknown;
}

/** What a viewer did. With a `swipe_id`, sending it again is safe. */
export type Swipe = Pick<SwipeRecorded, "video_id" | "action"> & {
  swipe_id?: string;
  watched_ms?: number;
  duration_ms?: number;
  position?: number;
  at?: string;
};

/** A session as it is remembered. `expires` in milliseconds since the epoch. */
export interface Kept {
  token: string;
  viewer: string;
  expires: number;
}

/** Where a session is remembered between visits. */
export interface Memory {
  load(): Kept | null;
  save(kept: Kept): void;
}

export interface Options {
  /** the API's address; empty: the page's own origin */
  baseUrl?: string;
  /** who watches, until a session says it: any random name, kept by the caller */
  viewer?: string;
  /** a token of your own issuer; without one, `signIn()` gets an anonymous one */
  token?: string;
  memory?: Memory;
  timeoutMs?: number;
}

export interface StreamOptions {
  /** videos whose progress is wanted */
  videos?: Iterable<string>;
  /** the token of an earlier stream: go on where it was */
  resume?: string;
  lobby?: boolean;
  /** for runtimes without one of their own */
  WebSocket?: typeof WebSocket;
}

/** `delayed`: the gateway is there, and cannot read the event log right now. */
export type StreamState = "connecting" | "live" | "delayed" | "offline";

/** How far a video is, from 0 to 1 and never backwards. `card` is there once it can be watched. */
export interface Step {
  fraction: number;
  stage: string;
  card?: VideoCard;
}

/** For whom a new video was made. */
export type Audience = VideoFrame["audience"];

/** A frame of one type. */
export type Frame<T extends GatewayFrame["type"]> = Extract<GatewayFrame, { type: T }>;
