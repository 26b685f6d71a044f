// Made by `swipestream contracts generate` from the contracts in schemas/. Do not edit.
// A field with `?` may be missing: from records older than the field, or where a frame leaves it out.

/** A prompt passed moderation and work begins. To its owner and to those who watch it. */
export interface AcceptedFrame {
  /** opaque; give the newest one to `hello.resume` after a reconnect */
  token?: string;
  video_id: string;
  /** partition and offset in `video-events` */
  at: [number, number];
  type: "accepted";
  revision: number;
  text: string;
  flavor: string;
}

/** Figures of a scene lie far outside of those of the last scenes of its kind: an alert. The scene stays. */
export interface AnomalyFound {
  video_id: string;
  revision?: number;
  ts_us: number;
  scene_id: string;
  scene_number: number;
  model: string;
  /** what it was compared with: scenes of this model, look, shape and device */
  kind: string;
  /** how many those were */
  seen: number;
  outliers: Outlier[];
}

/** Bytes in the media store, addressed by what they are: `<sha256>.<suffix>`. */
export interface Artifact {
  sha256: string;
  suffix: string;
  media_type: string;
  /** bytes */
  size: number;
}

/** Join the scenes of a video, in order, with music. */
export interface AssembleVideo {
  video_id: string;
  revision?: number;
  origin: Origin;
  lane: Lane;
  flavor: string;
  /** in place of the flavor's */
  format?: Format | null;
  /** personal data */
  viewer_id?: string | null;
  after_us: number;
  /** when it should be done, for the scheduler */
  deadline_us?: number | null;
  /** the replay that asked for this revision */
  replay_id?: string | null;
  script: Script;
  parts: ScenePart[];
  /** of all stages so far */
  cost: Cost;
  /** its scenes are drafts */
  draft?: boolean;
  /** when the video was first asked for; the same in each revision */
  asked_us?: number | null;
}

/** Nothing has happened; the token moves on all the same. */
export interface BeatFrame {
  /** opaque; give the newest one to `hello.resume` after a reconnect */
  token?: string;
  type: "beat";
  live: boolean;
}

/** What shall be different in the next revision. What is not set stays as it was. */
export interface Changes {
  flavor?: string | null;
  model?: string | null;
  voice?: string | null;
  seed?: number | null;
  archetype?: string | null;
  text?: string | null;
}

/** Figures of one unit. All of them are drawn; each stands out from when it is told. */
export interface Chart {
  kind?: ChartKind;
  values: ChartValue[];
  /** how many of them, from the first on, were told before the scene */
  told?: number;
}

/** How figures are drawn. */
export type ChartKind = "bars" | "line";

/** One figure of a chart. */
export interface ChartValue {
  /** what it is of */
  label: string;
  /** as it is shown, with its unit */
  text: string;
  value: number;
}

/** What a clip's pictures say of themselves, without anybody looking: measured on the luma of its frames. */
export interface ClipQuality {
  /** pixels of the frames that were looked at */
  width: number;
  height: number;
  /** how many were looked at */
  frames: number;
  /** variance of the Laplacian, the median of the frames: little is blurred, much is noise */
  sharpness: number;
  /** levels that a sample goes and comes back from one frame to the next, on average */
  flicker: number;
  /** what the next two compare it with: `draft`, the same scene in few steps */
  reference?: string | null;
  /** 100 for equal pictures */
  psnr_db?: number | null;
  /** structural similarity, 1 for equal pictures */
  ssim?: number | null;
}

/** A stream of server-sent events ends. Over a websocket the close code says it. */
export interface CloseFrame {
  type: "close";
  code: number;
  reason: string;
}

/** Moderators looked at the prompt, the script, or the frames of a scene. What is refused goes no further. */
export interface ContentJudged {
  video_id: string;
  revision?: number;
  ts_us: number;
  content: Judged;
  /** of the frames */
  scene_number?: number | null;
  /** whether all of them allow it */
  allowed: boolean;
  judgements: Judgement[];
  flavor: string;
}

/** What a step used, as measured by the worker that did it, and its price by the settings then in force. */
export interface Cost {
  cpu_seconds?: number;
  gpu_seconds?: number;
  wall_seconds?: number;
  /** joules of GPU and CPU package; 0 where no meter could be read */
  energy_j?: number;
  /** in `currency` */
  amount?: number;
  currency?: string;
}

/** A dead letter was sent back to its consumer, or given up. It is not listed any more. */
export interface DeadLetterDecided {
  /** consumer, partition and offset in the dead-letter topic */
  letter: string;
  /** when it died: tells it from a letter of an earlier topic */
  failed_at_ms: number;
  action: DeadlettersAction;
  /** who decided */
  by: string;
  why?: string;
  /** the value was changed before it was sent back */
  edited?: boolean;
  ts_us: number;
}

/** What becomes of a dead letter. */
export type DeadlettersAction = "redriven" | "discarded";

/**
 * How far the clips of a model, or of a flavor, are from those of a reference, as a network sees them.
 *
 * Compare it with others of the same reference and the same network alone. Where it is far above those before it, it
 * says so: an alert.
 */
export interface DistanceMeasured {
  group: Group;
  /** of the model, or of the flavor */
  name: string;
  ts_us: number;
  /** fvd: Fréchet video distance (arXiv 1812.01717); 0 is the same */
  figure?: string;
  distance: number;
  /** that the network has seen */
  clips: number;
  /** the clips were made from then on; none: from the beginning */
  made_since_us?: number | null;
  /** and before then; none: until it was measured */
  made_until_us?: number | null;
  /** a hash of the reference's videos, whatever their names */
  reference: string;
  /** of the folder that they were in */
  reference_name: string;
  reference_clips: number;
  /** of the network's file */
  network: string;
  /** how many measurements before it could be compared with it */
  seen?: number;
  /** it is far above those */
  outlier?: Outlier | null;
}

/** There will be no draft. */
export interface DraftFailed {
  project_id: string;
  /** of the project, once this has happened */
  version: number;
  /** personal data: whose project it is */
  viewer_id: string;
  ts_us: number;
  /** class of the error, or category of the refusal */
  error: string;
  reason: string;
}

/** Another draft is wanted, in place of the script. */
export interface DraftRequested {
  project_id: string;
  /** of the project, once this has happened */
  version: number;
  /** personal data: whose project it is */
  viewer_id: string;
  ts_us: number;
  idea: Idea;
}

/** The client's last message was not understood. */
export interface ErrorFrame {
  type: "error";
  code: string;
  detail: string;
}

/** A video will not appear. To its owner and to those who watch it. */
export interface FailedFrame {
  /** opaque; give the newest one to `hello.resume` after a reconnect */
  token?: string;
  video_id: string;
  /** partition and offset in `video-events` */
  at: [number, number];
  type: "failed";
  revision: number;
  stage: string;
  error: string;
  reason: string;
}

/** A backend that was tried and given up, and why. Part of other events. */
export interface Fallback {
  backend: string;
  reason: string;
}

/** A viewer got a piece of the feed. */
export interface FeedServed {
  /** personal data */
  viewer_id: string;
  ts_us: number;
  items: Impression[];
  /** unseen videos that would have come next */
  upcoming?: string[];
  policy: string;
}

/** An image or a clip that a scene shows behind its words. */
export interface Footage {
  artifact: Artifact;
  kind: FootageKind;
  origin?: FootageOrigin;
  /** the scene that shows it; none: spread over all */
  scene_number?: number | null;
  /** what stays in view when it is cropped, from the left */
  focus_x?: number;
  /** the same, from the top */
  focus_y?: number;
  move?: Move;
  /** where a clip begins; one that is too short is repeated */
  start_s?: number;
  /** who made it, as it must be told */
  credit?: string;
  licence?: string;
  /** the page it was found on */
  source?: string;
}

/** What footage is. */
export type FootageKind = "image" | "clip";

/** Where footage comes from. */
export type FootageOrigin = "upload" | "stock";

/** The picture's shape, in pixels as width x height. */
export type Format = "1080x1920" | "1920x1080" | "1080x1080";

/** What clips have in common that are measured together. */
export type Group = "model" | "flavor";

/** The first message. `access` says who asks, `resume` is the newest token that the client has seen. */
export interface Hello {
  type: "hello";
  /** may be left out where `access` says it */
  viewer_id?: string | null;
  access?: string | null;
  resume?: string | null;
  videos?: string[];
  /** whether the client is short of videos: see `lobby` */
  lobby?: boolean;
}

/** What a script is to be written from. */
export interface Idea {
  text: string;
  flavor?: string;
  archetype?: string | null;
  target_seconds?: number | null;
  /** in place of the flavor's */
  format?: Format | null;
  footage?: Footage[];
}

/** One video in one answer of the feed. */
export interface Impression {
  video_id: string;
  position: number;
  /** why it was shown: made_for_you, interest, fresh, explore */
  reason: string;
  /** probability of the policy choosing it at this place */
  propensity?: number;
}

/** What a viewer is taken to like, whole, after a swipe changed it: subject -> weight. */
export interface InterestChanged {
  /** personal data */
  viewer_id: string;
  ts_us: number;
  interests: Record<string, number>;
}

/** What moderators look at. */
export type Judged = "prompt" | "script" | "frames";

/** What one moderator found, at its strongest, and whether that is still allowed. */
export interface Judgement {
  allowed: boolean;
  moderator: string;
  /** none: nothing found */
  category?: string | null;
  /** the rule, or the label */
  rule?: string | null;
  score?: number;
  /** from this score on it is refused, by flavor and category */
  threshold?: number;
}

/** How urgent work is. Workers prefer the lanes in this order, with ageing. */
export type Lane = "interactive" | "prefetch" | "bulk";

/**
 * Tell (or no longer tell) the progress of starter videos, and of each video that was made ahead for another
 * viewer: what a client needs that is short of videos.
 */
export interface Lobby {
  type: "lobby";
  on?: boolean;
}

/**
 * Addresses of a video's files, below the API's origin. What is behind one never changes.
 *
 * Where tokens are required they are signed, and good for some hours: use them as they come.
 */
export interface Media {
  video: string;
  cover: string;
  captions?: string | null;
  /** three silent seconds, small, made to be looped */
  preview?: string | null;
  /** WebVTT, a chapter for each scene */
  chapters?: string | null;
  /** smaller ones, the largest first */
  renditions?: RenditionCard[];
  /** bytes of the video file */
  size: number;
}

/** Its creator took it back. */
export interface MediaRemoved {
  upload_id: string;
  /** personal data: whose it is */
  viewer_id: string;
  ts_us: number;
  sha256: string;
}

/** It is in the media store, and was decoded once to see that it is what it says. */
export interface MediaUploaded {
  upload_id: string;
  /** personal data: whose it is */
  viewer_id: string;
  ts_us: number;
  artifact: Artifact;
  kind: FootageKind;
  /** pixels, as it is to be seen */
  width: number;
  /** pixels, as it is to be seen */
  height: number;
  /** 0 for an image */
  duration_ms?: number;
  /** of the file it was */
  name?: string;
}

/** How the view moves over an image (a clip moves by itself, and is only cropped). */
export type Move = "auto" | "in" | "out" | "pan";

/** Who asked for a video. */
export type Origin = "person" | "api" | "starter" | "prefetch" | "replay";

/** How a prefetch ended. */
export type Outcome = "ready" | "failed";

/** A figure that lies far outside of what was usual lately. */
export interface Outlier {
  /** sharpness, flicker, psnr_db, ssim, seconds or amount; fvd of many clips */
  figure: string;
  value: number;
  /** the median of the last ones of its kind */
  typical: number;
  /** how far off, in robust standard deviations of the logarithm */
  deviations: number;
}

/** A video that was asked for ahead of a viewer is ready, or will not come. */
export interface PrefetchSettled {
  /** personal data */
  viewer_id: string;
  ts_us: number;
  video_id: string;
  outcome: Outcome;
}

/** How far a video is; only the newest is told, and no token moves. */
export interface ProgressFrame {
  type: "progress";
  video_id: string;
  revision: number;
  stage: string;
  fraction: number;
  scene_number?: number;
  scene_count: number;
  /** seconds until the scenes that devices have in hand should be there, if known */
  left_s?: number;
  /** that of the script; before there is one, the words of the prompt */
  title?: string;
  /** a small JPEG, base64 */
  preview?: string;
}

/** The script may be rendered as it is. */
export interface ProjectApproved {
  project_id: string;
  /** of the project, once this has happened */
  version: number;
  /** personal data: whose project it is */
  viewer_id: string;
  ts_us: number;
}

/** The project was thrown away. What it published stays. */
export interface ProjectClosed {
  project_id: string;
  /** of the project, once this has happened */
  version: number;
  /** personal data: whose project it is */
  viewer_id: string;
  ts_us: number;
}

/** What holds for the whole video was changed. Complete: what is told replaces what was. */
export interface ProjectEdited {
  project_id: string;
  /** of the project, once this has happened */
  version: number;
  /** personal data: whose project it is */
  viewer_id: string;
  ts_us: number;
  title: string;
  subject: string;
  mood: string;
  flavor: string;
  voice?: string | null;
  /** LoRAs in place of the flavor's */
  styles?: Style[] | null;
  /** in place of the model's */
  guidance?: number | null;
}

/** A project began. Without a script of the creator's own, one is drafted. */
export interface ProjectOpened {
  project_id: string;
  /** of the project, once this has happened */
  version: number;
  /** personal data: whose project it is */
  viewer_id: string;
  ts_us: number;
  idea: Idea;
  /** the speaker's name */
  voice?: string | null;
  script?: Script | null;
}

/** The tables of this version are gone. */
export interface ProjectionDropped {
  /** the keyspace of its first version, as the settings name it */
  projection: string;
  version: number;
  by: string;
  ts_us: number;
  why: string;
}

/** From now on every reader uses this version. */
export interface ProjectionPromoted {
  /** the keyspace of its first version, as the settings name it */
  projection: string;
  version: number;
  by: string;
  ts_us: number;
  /** the version that was read until then; it is kept */
  before: number;
  why: string;
}

/** A new version of the tables is filled from the beginning of the log, beside the one that is read. */
export interface ProjectionRebuildStarted {
  /** the keyspace of its first version, as the settings name it */
  projection: string;
  version: number;
  by: string;
  ts_us: number;
  why: string;
  /** that the log held then */
  records: number;
}

/** A version has caught up with the log, and can be promoted. */
export interface ProjectionRebuilt {
  /** the keyspace of its first version, as the settings name it */
  projection: string;
  version: number;
  by: string;
  ts_us: number;
  /** read by this run */
  records: number;
  /** records passed over: they are in the dead letters of the projector */
  unreadable: number;
  seconds: number;
}

/** From now on every reader uses this version again. */
export interface ProjectionRolledBack {
  /** the keyspace of its first version, as the settings name it */
  projection: string;
  version: number;
  by: string;
  ts_us: number;
  /** the version that was given up; it is kept */
  before: number;
  why: string;
}

/** A version was compared with another one, or keys of it with a serial fold of the log. */
export interface ProjectionVerified {
  /** the keyspace of its first version, as the settings name it */
  projection: string;
  version: number;
  by: string;
  ts_us: number;
  /** the other version; none: the fold of the log */
  against: number | null;
  /** that were compared */
  rows: number;
  /** rows that are not the same, or are missing on one side */
  different: number;
}

/** The prompt passed moderation and work begins. */
export interface PromptAccepted {
  video_id: string;
  revision?: number;
  ts_us: number;
  text: string;
  origin: Origin;
  lane: Lane;
  /** personal data */
  viewer_id?: string | null;
  flavor: string;
  archetype?: string | null;
  target_seconds?: number | null;
  subject?: string | null;
}

/** The prompt did not pass. It is never rendered. */
export interface PromptRejected {
  video_id: string;
  revision?: number;
  ts_us: number;
  text: string;
  origin: Origin;
  /** personal data */
  viewer_id?: string | null;
  category: string;
  rule: string;
  reason: string;
}

/** A video was asked for. The video does not exist yet, but has its id already. */
export interface PromptSubmitted {
  video_id: string;
  text: string;
  origin: Origin;
  lane: Lane;
  /** personal data: who asked, or for whom it is prefetched */
  viewer_id?: string | null;
  flavor?: string;
  archetype?: string | null;
  target_seconds?: number | null;
  /** in place of the flavor's */
  format?: Format | null;
  /** the interest that a prefetch serves */
  subject?: string | null;
  /** images and clips of one's own, for the scenes */
  footage?: Footage[];
  /** the project that it comes from */
  project_id?: string | null;
  /** of a project: taken as it is. None: one is written */
  script?: Script | null;
  /** of a project: how its scenes are made */
  regeneration?: Regeneration | null;
  /** what a prefetch follows from */
  trigger?: Trigger | null;
  /** when its viewer is expected to come to what is made ahead */
  needed_us?: number | null;
  ts_us: number;
}

/** Go on with this token of `POST /v1/sessions`: the one of before is about to expire. */
export interface Refresh {
  type: "refresh";
  access: string;
}

/** Why and how a video is made once more. It travels from the request to the scenes. */
export interface Regeneration {
  base_revision: number;
  take?: Take;
  scenes?: SceneTake[];
  /** earlier revisions that are still being made are dropped */
  instead?: boolean;
}

/** A prompt did not pass. To its owner and to those who watch it. */
export interface RejectedFrame {
  /** opaque; give the newest one to `hello.resume` after a reconnect */
  token?: string;
  video_id: string;
  /** partition and offset in `video-events` */
  at: [number, number];
  type: "rejected";
  revision: number;
  stage: string;
  reason: string;
  category: string;
}

/** The video, or its next revision, was asked for. Complete: with it alone it can be made. */
export interface RenderOrdered {
  project_id: string;
  /** of the project, once this has happened */
  version: number;
  /** personal data: whose project it is */
  viewer_id: string;
  ts_us: number;
  video_id: string;
  revision: number;
  idea: Idea;
  script: Script;
  /** how its scenes are made */
  regeneration: Regeneration;
}

/** A stage of a video is `fraction` done. */
export interface RenderProgress {
  video_id: string;
  revision?: number;
  stage: Stage;
  scene_number?: number | null;
  scene_count?: number | null;
  fraction: number;
  /** seconds until the stage is expected to be done */
  left_s?: number | null;
  /** a small JPEG, base64 */
  preview?: string | null;
  ts_us: number;
}

/** Speak and draw one scene. */
export interface RenderScene {
  video_id: string;
  revision?: number;
  origin: Origin;
  lane: Lane;
  flavor: string;
  /** in place of the flavor's */
  format?: Format | null;
  /** personal data */
  viewer_id?: string | null;
  after_us: number;
  /** when it should be done, for the scheduler */
  deadline_us?: number | null;
  /** the replay that asked for this revision */
  replay_id?: string | null;
  scene_id: string;
  scene: Scene;
  scene_count: number;
  title: string;
  language: string;
  seed: number;
  /** a speaker in place of the flavor's */
  voice?: string | null;
  /** a backend in place of the flavor's */
  model?: string | null;
  /** with few steps: the full one follows */
  draft?: boolean;
  /** LoRAs in place of the flavor's */
  styles?: Style[] | null;
  /** in place of the model's */
  guidance?: number | null;
}

/**
 * What a generative model did for a scene, and how long each phase took: the cost model learns from it.
 *
 * Phases are seconds on the device, without the time spent waiting while others had it.
 */
export interface RenderWork {
  model: string;
  width: number;
  height: number;
  frames: number;
  steps: number;
  /** eager, inductor, tensorrt; `tensorrt, vae inductor` where the VAE's decoder has another */
  accelerator: string;
  /** the step cache of its denoiser, with its numbers; empty: none */
  cache?: string;
  /** of its denoiser's layers, where it is not that of the weights: fp8 */
  precision?: string;
  /** forward passes of a step, where its guidance makes others; 0: as usual */
  passes?: number;
  /** the chip, as its driver names it */
  device: string;
  /** scenes that were made together with it, itself included */
  batch?: number;
  /** from the start to the first step */
  encode_s?: number;
  /** median of the denoising steps; with a step cache, their mean */
  step_s?: number;
  /** from the last step to the pixels */
  decode_s?: number;
  /** the networks that its frames went through to become more and larger; empty: none */
  post?: string;
  /** frames that came out of them */
  post_frames?: number;
  /** in these networks, all frames together */
  post_s?: number;
  /** in the scheduler, before it began and while it was pre-empted */
  waited_s?: number;
  preemptions?: number;
}

/** The same video in another size. */
export interface Rendition {
  artifact: Artifact;
  /** pixels */
  width: number;
  /** pixels */
  height: number;
}

/** The same video in another size. */
export interface RenditionCard {
  video: string;
  width: number;
  height: number;
  /** bytes */
  size: number;
}

/** It will never go on. What it asked for before is still made. */
export interface ReplayCancelled {
  replay_id: string;
  ts_us: number;
  by: string;
  why: string;
}

/** Everything that it concerns has been asked for or passed over. */
export interface ReplayFinished {
  replay_id: string;
  ts_us: number;
  requested: number;
  skipped: number;
  committed: Cost;
}

/** It stands still and can be resumed. */
export interface ReplayPaused {
  replay_id: string;
  ts_us: number;
  by: string;
  why: string;
}

/** So many of its videos have been asked for, or passed over, since it began. */
export interface ReplayProgressed {
  replay_id: string;
  ts_us: number;
  requested: number;
  skipped: number;
  videos: number;
  /** the estimate of what was requested */
  committed: Cost;
}

/** It goes on where it stood. */
export interface ReplayResumed {
  replay_id: string;
  ts_us: number;
  by: string;
  /** a new budget, in place of the one before */
  budget?: number | null;
}

/** An operator began a replay. Its range ends where the log ended then, so that it means the same when resumed. */
export interface ReplayStarted {
  replay_id: string;
  ts_us: number;
  operator: string;
  reason: string;
  selection: Selection;
  /** make new revisions; otherwise it only reads and counts */
  regenerate: boolean;
  changes?: Changes;
  /** requests a second, at most */
  rate: number;
  /** estimated cost of all requests, at most, in `currency` */
  budget?: number | null;
  currency?: string;
  records: number;
  /** that it concerns */
  videos: number;
  /** what they cost when they were made */
  estimate: Cost;
}

/** What a viewer says about a video that they report. */
export interface Report {
  reason: ReportReason;
  detail?: string;
}

/** Why a viewer reports a video. */
export type ReportReason = "violence" | "hate" | "sexual" | "self_harm" | "misleading" | "spam" | "copyright" | "privacy" | "other";

/** Frames are missing: fetch the feed again and go on with this token. */
export interface ResyncFrame {
  /** opaque; give the newest one to `hello.resume` after a reconnect */
  token?: string;
  type: "resync";
  /** started, token, log, ahead, expired, too_many */
  reason: string;
}

/**
 * The revision will not be shown, and what is still at work on it stops. Its files stay, since other revisions may
 * share them.
 */
export interface RevisionDropped {
  video_id: string;
  revision?: number;
  ts_us: number;
  by: string;
  why?: string;
  /** the revision that was asked for in its place */
  overtaken_by?: number | null;
  /** scenes that the later revision shows unchanged: work on these goes on */
  needed?: number[];
}

/**
 * The making of a later revision ended, or that of any revision was given up. To those who watch the video, and may
 * see how it comes to be; where the first one was dropped, to its owner, too.
 *
 * `dropped`, with `overtaken_by`: go on with the progress of that revision, in the same place. It is told as `video`
 * where the one that it overtook would have been. Without it, nothing more comes of it.
 */
export interface RevisionFrame {
  /** opaque; give the newest one to `hello.resume` after a reconnect */
  token?: string;
  video_id: string;
  /** partition and offset in `video-events` */
  at: [number, number];
  type: "revision";
  revision: number;
  /** ready: it can be looked at, and promoted; dropped: given up before it was finished */
  status: "ready" | "failed" | "rejected" | "dropped";
  /** of `dropped`: the revision that is made in its place */
  overtaken_by?: number;
  reason?: string;
}

/** From now on this revision is what viewers see. Holds all of its VideoPublished, so that order does not matter. */
export interface RevisionPromoted {
  video_id: string;
  revision?: number;
  ts_us: number;
  title: string;
  subject: string;
  archetype: string;
  flavor: string;
  origin: Origin;
  /** personal data: for whom it was made */
  viewer_id?: string | null;
  video: Artifact;
  cover: Artifact;
  captions?: Artifact | null;
  /** three silent seconds, small, made to be looped */
  preview?: Artifact | null;
  /** smaller ones, for slow networks */
  renditions?: Rendition[];
  /** WebVTT: a chapter for each scene */
  chapters?: Artifact | null;
  /** who made the footage in it, to be told */
  credits?: string[];
  /** what did not pass the quality gates at first */
  fallbacks?: Fallback[];
  duration_ms: number;
  format: Format;
  scene_count: number;
  /** of the assembly alone */
  cost: Cost;
  /** of every stage */
  total_cost: Cost;
  /** the replay that asked for this revision */
  replay_id?: string | null;
  /** the video's place in the feeds: when it first entered them */
  listed_us: number;
  /** the full video, by itself: clients are told at once */
  replaces_draft?: boolean;
  by: string;
  why?: string;
}

/** A video shall be made once more. Complete: with it alone, and the artefacts of before, the revision is made. */
export interface RevisionRequested {
  video_id: string;
  revision: number;
  base_revision: number;
  /** what was asked for; the fields below are what follows from it */
  changes: Changes;
  /** numbers of the scenes; none: all of them */
  redo?: number[];
  operator: string;
  reason: string;
  /** the replay that asked, if it was one */
  replay_id?: string | null;
  lane: Lane;
  text: string;
  /** of the video, as it was first asked for */
  origin: Origin;
  /** personal data: for whom the video was made */
  viewer_id?: string | null;
  flavor: string;
  archetype?: string | null;
  target_seconds?: number | null;
  /** in place of the flavor's */
  format?: Format | null;
  subject?: string | null;
  regeneration: Regeneration;
  /** when the video was first asked for; the same in each revision */
  asked_us?: number | null;
  /** taken as it is; none: one is written anew */
  script?: Script | null;
  /** images and clips of one's own, for the scenes */
  footage?: Footage[];
  ts_us: number;
}

/** One beat of a script: what is said, what is seen, what stands on the screen. */
export interface Scene {
  scene_number: number;
  /** its purpose in the archetype: hook, problem, turn, payoff … */
  beat: string;
  narration: string;
  /** a picture description for generative renderers */
  visuals: string;
  on_screen_text?: string;
  /** planned; the voice's real timing decides */
  duration_s: number;
  /** what is seen behind the words; none: the look alone */
  footage?: Footage | null;
  /** figures that are told in it: they are drawn in place of a look */
  chart?: Chart | null;
  /** nobody speaks; what would be said is read */
  muted?: boolean;
  /** its number before it was moved: seed and look go by it. None: it was not */
  first_number?: number | null;
}

/** A new scene; those behind it move on by one. */
export interface SceneAdded {
  project_id: string;
  /** of the project, once this has happened */
  version: number;
  /** personal data: whose project it is */
  viewer_id: string;
  ts_us: number;
  scene: Scene;
}

/**
 * A hosted generator has taken the job of a scene and will be paid for it. Told before it is asked how far it is.
 *
 * Whoever goes on with the scene, after a crash or elsewhere, waits for this job and buys no other.
 */
export interface SceneCommissioned {
  video_id: string;
  revision?: number;
  ts_us: number;
  scene_id: string;
  scene_number: number;
  /** hash of what was asked for: equal orders are one job */
  order: string;
  /** rises where a job has failed and it was ordered again */
  attempt?: number;
  provider: string;
  model: string;
  /** the provider's id of it */
  job: string;
  /** the address that tells of it */
  watch?: string;
  /** the price by the manifest, whether or not the job succeeds */
  cost: Cost;
}

/** A scene was changed: its words, its picture, its own footage, muted or not. Complete. */
export interface SceneEdited {
  project_id: string;
  /** of the project, once this has happened */
  version: number;
  /** personal data: whose project it is */
  viewer_id: string;
  ts_us: number;
  scene: Scene;
  take?: Take;
}

/** A finished scene, as the assembly needs it. */
export interface ScenePart {
  scene_id: string;
  scene_number: number;
  clip: Artifact;
  audio: Artifact | null;
  words: Word[];
  duration_ms: number;
  /** what drew it */
  backend?: string;
  model?: string;
  look?: string;
  seed?: number;
  /** version of the code that drew it */
  code?: string;
  /** what is really shown in it */
  footage?: Footage | null;
  renditions?: Rendition[];
}

/** The same scene shall be drawn differently. */
export interface SceneRedone {
  project_id: string;
  /** of the project, once this has happened */
  version: number;
  /** personal data: whose project it is */
  viewer_id: string;
  ts_us: number;
  scene_number: number;
  take: Take;
}

/** The picture of a scene is there. It carries the sound's address too, so that assembly needs no other event. */
export interface SceneRendered {
  video_id: string;
  revision?: number;
  ts_us: number;
  scene_id: string;
  scene_number: number;
  scene_count: number;
  clip: Artifact;
  audio: Artifact | null;
  words: Word[];
  duration_ms: number;
  backend: string;
  model: string;
  look: string;
  seed: number;
  /** version of the code that drew it */
  code: string;
  /** what is really shown in it: its own or a stock library's */
  footage?: Footage | null;
  /** the same clip, smaller */
  renditions?: Rendition[];
  fallbacks?: Fallback[];
  /** of a generative model; none for what was drawn or reused */
  work?: RenderWork | null;
  /** of its pictures; none where nobody measured it */
  quality?: ClipQuality | null;
  reused?: boolean;
  cost: Cost;
}

/** How one scene is made, in place of what holds for all. */
export interface SceneTake {
  flavor?: string | null;
  /** the speaker's name */
  voice?: string | null;
  /** the backend that draws */
  model?: string | null;
  /** another number, another picture */
  seed?: number | null;
  /** LoRAs of a generative model, and how strong each is */
  styles?: Style[] | null;
  /** how closely a generative model keeps to the prompt */
  guidance?: number | null;
  scene_number: number;
}

/** The narration of a scene is spoken; its length decides the length of the scene. */
export interface SceneVoiced {
  video_id: string;
  revision?: number;
  ts_us: number;
  scene_id: string;
  scene_number: number;
  voice: string;
  /** mono PCM in a WAV file; none: captions only */
  audio: Artifact | null;
  words: Word[];
  duration_ms: number;
  fallbacks?: Fallback[];
  reused?: boolean;
  cost: Cost;
}

/** The scenes have another order. A number that is left out is a scene that was taken out. */
export interface ScenesArranged {
  project_id: string;
  /** of the project, once this has happened */
  version: number;
  /** personal data: whose project it is */
  viewer_id: string;
  ts_us: number;
  /** the numbers of before */
  order: number[];
}

/** A whole script. Its scenes are numbered from 1 without a gap. */
export interface Script {
  title: string;
  /** what it is about, in a few words; interests are kept by it */
  subject: string;
  archetype: string;
  language?: string;
  mood?: string;
  scenes: Scene[];
}

/** The draft is there; nothing is rendered yet. */
export interface ScriptDrafted {
  project_id: string;
  /** of the project, once this has happened */
  version: number;
  /** personal data: whose project it is */
  viewer_id: string;
  ts_us: number;
  script: Script;
  writer: string;
  fallbacks?: Fallback[];
  cost: Cost;
}

/** The script is there: scene tasks follow. */
export interface ScriptWritten {
  video_id: string;
  revision?: number;
  ts_us: number;
  script: Script;
  writer: string;
  origin: Origin;
  lane: Lane;
  flavor: string;
  /** in place of the flavor's */
  format?: Format | null;
  /** personal data */
  viewer_id?: string | null;
  fallbacks?: Fallback[];
  /** the answer came from the artefact cache */
  reused?: boolean;
  /** videos whose sentences the writer was not to say again */
  avoided?: string[];
  cost: Cost;
  /** of a later revision: how its scenes are made */
  regeneration?: Regeneration | null;
  /** when the video was first asked for; the same in each revision */
  asked_us?: number | null;
  /** when the video should be there, for the scheduler */
  deadline_us?: number | null;
  /** of a draft: the full video that follows is asked for with this */
  upgrade?: Upgrade | null;
  /** the replay that asked for this revision */
  replay_id?: string | null;
}

/** Which records a replay reads, and which videos it concerns. What is not set does not narrow it. */
export interface Selection {
  topics?: string[];
  /** records from this time on */
  since_ms?: number | null;
  /** records before this time */
  until_ms?: number | null;
  /** in every partition */
  first_offset?: number | null;
  /** in every partition; itself included */
  last_offset?: number | null;
  types?: string[];
  /** personal data: videos made for, and records of, this viewer */
  viewer_id?: string | null;
  videos?: string[];
  flavor?: string | null;
  /** drew at least one scene of the video */
  model?: string | null;
  /** class, stage, or part of the reason */
  failure?: string | null;
}

/** Where a video is, or where it failed. */
export type Stage = "moderation" | "script" | "voice" | "scene" | "assembly";

/** A LoRA of a generative model, by the name that its manifest gives it. */
export interface Style {
  name: string;
  /** 0: not at all; 1: as it was trained */
  weight?: number;
}

/**
 * A viewer watched, skipped, liked … a video.
 *
 * `subject` and `archetype` are what the video was about, stamped when the swipe was accepted: interests can then be
 * computed from this topic alone.
 */
export interface SwipeRecorded {
  /** personal data */
  viewer_id: string;
  video_id: string;
  action: SwipesAction;
  watched_ms?: number;
  /** of the video; 0 when unknown */
  duration_ms?: number;
  /** place in the feed when it was shown */
  position?: number | null;
  subject?: string | null;
  archetype?: string | null;
  /** where the action is `reported`, if they said why */
  report?: Report | null;
  ts_us: number;
}

/** What a viewer did. */
export type SwipesAction = "watched" | "skipped" | "liked" | "unliked" | "shared" | "not_interested" | "reported";

/** How a scene is made, where it differs from what the video's flavor and the seed of its id say. */
export interface Take {
  flavor?: string | null;
  /** the speaker's name */
  voice?: string | null;
  /** the backend that draws */
  model?: string | null;
  /** another number, another picture */
  seed?: number | null;
  /** LoRAs of a generative model, and how strong each is */
  styles?: Style[] | null;
  /** how closely a generative model keeps to the prompt */
  guidance?: number | null;
}

/** What a viewer did, or was served, that a prefetch follows from; its id is the prompt's causation. */
export interface Trigger {
  /** SwipeRecorded or FeedServed */
  type: string;
  /** that was swiped */
  video_id?: string | null;
  action?: string | null;
  watched_ms?: number | null;
  ts_us: number;
}

/** Tell it no longer. */
export interface Unwatch {
  type: "unwatch";
  video_id: string;
}

/** A draft will be followed by the same video in full: the prompt with which that revision is asked for. */
export interface Upgrade {
  text: string;
  archetype?: string | null;
  target_seconds?: number | null;
  subject?: string | null;
}

/** A video that can be played. */
export interface VideoCard {
  video_id: string;
  revision: number;
  title: string;
  subject: string;
  archetype: string;
  flavor: string;
  origin: string;
  duration_ms: number;
  width: number;
  height: number;
  media: Media;
  /** who made the footage in it, to be told */
  credits?: string[];
  published_at: string;
  /** why it is in this viewer's feed: made_for_you, interest, fresh … */
  reason?: string | null;
}

/** The video will not appear. */
export interface VideoFailed {
  video_id: string;
  revision?: number;
  ts_us: number;
  stage: Stage;
  /** class of the error */
  error: string;
  reason: string;
  origin: Origin;
  /** personal data */
  viewer_id?: string | null;
  attempts?: number;
  /** what was made all the same, and why it failed */
  debug?: Artifact[];
  /** the replay that asked for this revision */
  replay_id?: string | null;
}

/** A video can be watched. */
export interface VideoFrame {
  /** opaque; give the newest one to `hello.resume` after a reconnect */
  token?: string;
  video_id: string;
  /** partition and offset in `video-events` */
  at: [number, number];
  type: "video";
  card: VideoCard;
  /** for whom it was made; `another` is told in the lobby, and to those who watch it */
  audience: "you" | "another" | "everyone";
}

/** The video can be watched. A revision after the first is a candidate: nobody sees it until it is promoted. */
export interface VideoPublished {
  video_id: string;
  revision?: number;
  ts_us: number;
  title: string;
  subject: string;
  archetype: string;
  flavor: string;
  origin: Origin;
  /** personal data: for whom it was made */
  viewer_id?: string | null;
  video: Artifact;
  cover: Artifact;
  captions?: Artifact | null;
  /** three silent seconds, small, made to be looped */
  preview?: Artifact | null;
  /** smaller ones, for slow networks */
  renditions?: Rendition[];
  /** WebVTT: a chapter for each scene */
  chapters?: Artifact | null;
  /** who made the footage in it, to be told */
  credits?: string[];
  /** what did not pass the quality gates at first */
  fallbacks?: Fallback[];
  duration_ms: number;
  format: Format;
  scene_count: number;
  /** of the assembly alone */
  cost: Cost;
  /** of every stage */
  total_cost: Cost;
  /** the replay that asked for this revision */
  replay_id?: string | null;
  /** the joined video came from the artefact cache */
  reused?: boolean;
  /** its scenes are drafts: a revision in full will take its place by itself */
  draft?: boolean;
}

/** The video leaves every feed: this revision, and all before it. A later one is seen again when it is promoted. */
export interface VideoWithdrawn {
  video_id: string;
  revision?: number;
  ts_us: number;
  reason: string;
  by: string;
}

/**
 * A viewer was erased. Nobody can say any more who that was: `viewer_id` is a pseudonym whose key is destroyed.
 *
 * Every reader leaves out, or deletes, what it holds of this pseudonym up to `until_us`; whatever the order in which
 * it reads.
 */
export interface ViewerForgotten {
  viewer_id: string;
  ts_us: number;
  /** nothing tells of the pseudonym before this moment */
  since_us: number;
  /** what is stamped up to then is gone: a little later than ts_us */
  until_us: number;
  /** the operator who did it */
  by: string;
  why?: string;
}

/** Tell the progress of a video. */
export interface Watch {
  type: "watch";
  video_id: string;
}

/** The answer to a hello. */
export interface WelcomeFrame {
  /** opaque; give the newest one to `hello.resume` after a reconnect */
  token?: string;
  type: "welcome";
  protocol: 1;
  /** nothing was missed: what follows are the frames since the token */
  resumed: boolean;
  /** how many frames follow from before this connection */
  replayed: number;
  /** a beat comes at least this often, in seconds, while nothing else does */
  beat_s: number;
  /** false while the event log is not being read */
  live: boolean;
}

/** A video is taken out of every feed. */
export interface WithdrawnFrame {
  /** opaque; give the newest one to `hello.resume` after a reconnect */
  token?: string;
  video_id: string;
  /** partition and offset in `video-events` */
  at: [number, number];
  type: "withdrawn";
  revision: number;
}

/** One spoken word of the script, and when it is heard within its scene. */
export interface Word {
  text: string;
  start_ms: number;
  end_ms: number;
}

/** Work on a revision was given up half-way, since nobody wants it any more. */
export interface WorkStopped {
  video_id: string;
  revision?: number;
  ts_us: number;
  stage: Stage;
  scene_id?: string | null;
  scene_number?: number | null;
  /** how far it was */
  fraction: number;
  why: string;
  /** of what was thrown away */
  cost: Cost;
}

/** Write a script for a prompt, or have one judged that came along. */
export interface WriteScript {
  video_id: string;
  revision?: number;
  origin: Origin;
  lane: Lane;
  flavor: string;
  /** in place of the flavor's */
  format?: Format | null;
  /** personal data */
  viewer_id?: string | null;
  after_us: number;
  /** when it should be done, for the scheduler */
  deadline_us?: number | null;
  /** the replay that asked for this revision */
  replay_id?: string | null;
  text: string;
  archetype?: string | null;
  target_seconds?: number | null;
  subject?: string | null;
  /** images and clips of one's own, for the scenes */
  footage?: Footage[];
  /** of a later revision: how its scenes are made */
  regeneration?: Regeneration | null;
  /** when the video was first asked for; the same in each revision */
  asked_us?: number | null;
  /** the script is a draft of this project, nothing is rendered */
  project_id?: string | null;
  /** of the project that asks for the draft */
  project_version?: number;
  /** one that is there already: it is judged, and kept as it is */
  script?: Script | null;
  /** of a draft: the full video that follows is asked for with this */
  upgrade?: Upgrade | null;
}

/** What each topic holds. */
export interface Topics {
  "swipes": SwipeRecorded;
  "prompts": PromptSubmitted | RevisionRequested;
  "video-events": ContentJudged | PromptAccepted | PromptRejected | ScriptWritten | SceneVoiced | SceneCommissioned | SceneRendered | AnomalyFound | VideoPublished | RevisionPromoted | RevisionDropped | WorkStopped | VideoFailed | VideoWithdrawn;
  "feed-events": FeedServed | InterestChanged | PrefetchSettled;
  "project-events": ProjectOpened | DraftRequested | ScriptDrafted | DraftFailed | ProjectEdited | SceneEdited | SceneRedone | SceneAdded | ScenesArranged | ProjectApproved | RenderOrdered | ProjectClosed;
  "uploads": MediaUploaded | MediaRemoved;
  "quality": DistanceMeasured;
  "render-progress": RenderProgress;
  "viewers": ViewerForgotten;
  "script-tasks": WriteScript;
  "scene-tasks.interactive": RenderScene;
  "scene-tasks.prefetch": RenderScene;
  "scene-tasks.bulk": RenderScene;
  "assembly-tasks": AssembleVideo;
  "dead-decisions": DeadLetterDecided;
  "replays": ReplayStarted | ReplayProgressed | ReplayPaused | ReplayResumed | ReplayCancelled | ReplayFinished;
  "projections": ProjectionRebuildStarted | ProjectionRebuilt | ProjectionVerified | ProjectionPromoted | ProjectionRolledBack | ProjectionDropped;
}

/** What a client may say to the gateway. */
export type GatewayRequest = Hello | Watch | Unwatch | Lobby | Refresh;

/** What the gateway says: one of these, or an array of them. */
export type GatewayFrame = WelcomeFrame | ResyncFrame | BeatFrame | ErrorFrame | VideoFrame | WithdrawnFrame | AcceptedFrame | RejectedFrame | FailedFrame | ProgressFrame | RevisionFrame | CloseFrame;
