import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError, Swipestream } from "../src/index.js";
import { json, serve } from "./fakes.js";

const SESSION = { token: "abc", viewer_id: "anon-1", expires_at: new Date(Date.now() + 30 * 86400000).toISOString() };

test("a prompt carries the viewer's name and a key", async () => {
  const [seen, api] = [serve(() => json({ video_id: "v" }, 202)), new Swipestream({ viewer: "ada" })];
  assert.equal((await api.prompt({ text: "cats" })).video_id, "v");
  assert.deepEqual(await seen[0].json(), { text: "cats", viewer_id: "ada" });
  assert.match(seen[0].headers.get("Idempotency-Key"), /^[0-9a-f]{32}$/);
});

test("signing in gets a token, keeps it, and names nobody any more", async () => {
  const kept = [];
  const seen = serve((request) => json(new URL(request.url).pathname === "/v1/sessions" ? SESSION : { items: [] }));
  const api = new Swipestream({ viewer: "ada", memory: { load: () => null, save: (one) => kept.push(one) } });
  await api.signIn();
  await api.feed(5, "c1");
  assert.deepEqual(await seen[0].json(), { viewer_id: "ada" });
  assert.equal(seen[1].headers.get("Authorization"), "Bearer abc");
  assert.deepEqual([...new URL(seen[1].url).searchParams], [["limit", "5"], ["cursor", "c1"]]);
  assert.equal(api.viewer, "anon-1");
  assert.equal(kept[0].token, "abc");
});

test("a remembered token is used, and not asked for again while it is good", async () => {
  const seen = serve(() => json({ items: [] }));
  const memory = { load: () => ({ token: "old", viewer: "me", expires: Date.now() + 20 * 86400000 }), save: () => {} };
  const api = new Swipestream({ memory });
  await api.signIn();
  await api.feed();
  assert.deepEqual(seen.map((one) => [new URL(one.url).pathname, one.headers.get("Authorization")]), [["/v1/feed", "Bearer old"]]);
});

test("a token that is refused is replaced, once, and the request sent again", async () => {
  const memory = { load: () => ({ token: "old", viewer: "me", expires: Date.now() + 20 * 86400000 }), save: () => {} };
  const seen = serve((request) => {
    if (new URL(request.url).pathname === "/v1/sessions") return json(SESSION);
    return request.headers.get("Authorization") === "Bearer abc" ? json({ items: [] }) : json({ title: "no" }, 401);
  });
  assert.deepEqual(await new Swipestream({ memory }).feed(), { items: [] });
  assert.equal(seen.length, 3);
});

test("a token of one's own issuer is never replaced", async () => {
  const seen = serve(() => json({ detail: "The token has expired." }, 401));
  await assert.rejects(new Swipestream({ token: "mine" }).feed(), { message: "The token has expired.", status: 401 });
  assert.equal(seen.length, 1);
});

test("a problem says what is wrong and whether it passes", async () => {
  serve(() => json({ title: "Unavailable", detail: "Kafka does not answer." }, 503, { "Retry-After": "2" }));
  const error = await new Swipestream().flavors().catch((found) => found);
  assert.ok(error instanceof ApiError && error.passing);
  assert.deepEqual([error.message, error.status, error.retryMs], ["Kafka does not answer.", 503, 2000]);
});

test("no answer is an error that passes", async () => {
  serve(() => Promise.reject(new TypeError("refused")));
  await assert.rejects(new Swipestream().feed(), { message: "The server is away.", status: 0, passing: true });
});

test("an answer that is no JSON is told by its status", async () => {
  serve(() => new Response("<html>", { status: 502 }));
  await assert.rejects(new Swipestream().feed(), { message: "The server answered 502.", status: 502 });
});

for (const [base, said, wanted] of [
  ["http://192.0.2.7:8000", "ws://127.0.0.1:8001/", "ws://192.0.2.7:8001/"],
  ["https://feed.example", "ws://feed.example:8001/", "wss://feed.example:8001/"],
])
  test(`the gateway of ${base}`, async () => {
    serve(() => json({ gateway: said }));
    assert.equal(await new Swipestream({ baseUrl: base }).gateway(), wanted);
  });
