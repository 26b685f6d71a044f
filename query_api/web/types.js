/**
 * What the API and the gateway say, as types for the editor and for `tsc --checkJs`.
 *
 * @typedef {{ video: string, cover: string, captions?: string | null, size: number }} Media
 * @typedef {{
 *   video_id: string, revision: number, title: string, subject: string, archetype: string, flavor: string,
 *   origin: string, duration_ms: number, width: number, height: number, media: Media, published_at: string,
 *   reason?: string | null,
 * }} Card
 * @typedef {"you" | "another" | "everyone"} Audience
 * @typedef {{ items: Card[], cursor?: string | null }} FeedPage
 * @typedef {{
 *   name: string, title?: string, description?: string, prompt_characters?: number, archetypes?: string[],
 * }} Flavor
 * @typedef {{
 *   type: "progress", video_id: string, stage: string, fraction: number, title?: string,
 *   scene_number?: number, scene_count?: number, preview?: string,
 * }} ProgressFrame
 * @typedef {{
 *   swipe_id: string, video_id: string, action: string, watched_ms: number, duration_ms: number,
 *   position: number, at: string,
 * }} Swipe
 */
export {};
