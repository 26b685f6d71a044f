/** What the HTTP API answers, where it is not a contract of its own; those are in `contracts.ts`. */
import type { Chart, Cost, GatewayFrame, Style, SwipeRecorded, VideoCard, VideoFrame } from "./contracts";

export type { Chart, ChartValue, GatewayFrame, ProgressFrame, Style, VideoCard, VideoFrame } from "./contracts";

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
  /** a generative model makes its pictures: it may take styles and guidance */
  generates?: boolean;
  /** LoRAs that it uses, by name, and how strong each is */
  styles?: Record<string, number>;
  guidance?: number | null;
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
  /** when to renew it, as `expires` in milliseconds since the epoch */
  due?: number;
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

/** Media of one's own in a scene: what was uploaded, and how it is shown. */
export interface FootageChoice {
  upload_id: string;
  /** the point that stays in the picture when it is cropped, from 0 to 1 */
  focus_x?: number;
  focus_y?: number;
  move?: string;
  start_s?: number;
  scene_number?: number;
  credit?: string;
}

export interface ProjectScene {
  scene_number: number;
  /** what it keeps wherever it is moved; unique within its project */
  drawn_as: number;
  beat: string;
  narration: string;
  visuals: string;
  on_screen_text: string;
  duration_s: number;
  muted: boolean;
  /** the figures that are drawn in it */
  chart?: Chart;
  footage: Record<string, any> | null;
  voice: string | null;
  seed: number | null;
  model: string | null;
  flavor: string | null;
  /** its own; none: those of the whole video */
  styles?: Style[];
  guidance?: number;
  /** it is not in the newest revision as it stands here */
  changed: boolean;
}

export interface ProjectRevision {
  revision: number;
  /** of the project, when it was asked for */
  version: number;
  status: string;
  /** viewers see this one */
  live: boolean;
  cost: Cost | null;
  reason?: string;
  /** the revision that was asked for in its place, while it was being made */
  overtaken_by?: number;
  card: VideoCard | null;
}

export type ProjectStatus = "drafting" | "draft" | "draft_failed" | "approved" | "rendering" | "rendered" | "render_failed";

export interface Project {
  project_id: string;
  version: number;
  status: ProjectStatus;
  text: string;
  flavor: string;
  archetype: string | null;
  target_seconds: number | null;
  voice: string | null;
  /** none: the flavor's */
  styles?: Style[];
  guidance?: number;
  title: string | null;
  subject: string | null;
  mood: string | null;
  language: string | null;
  approved: boolean;
  reason: string | null;
  scenes: ProjectScene[];
  video_id: string | null;
  revisions: ProjectRevision[];
  cost: Cost;
  opened_at: string;
  changed_at: string;
  links: Record<string, string>;
}

export interface ProjectTitle {
  project_id: string;
  title: string | null;
  text: string;
  opened_at: string;
  changed_at: string;
}

export interface Upload {
  upload_id: string;
  [more: string]: any;
}
