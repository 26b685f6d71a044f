import assert from "node:assert/strict";
import { test } from "node:test";

import { Swipestream } from "../src/index.js";
import { follow, read } from "../src/following.js";
import { json, serve, sockets, until, WELCOME } from "./fakes.js";

const CARD = { video_id: "v", title: "Cats" };

test("what frames say of a video", () => {
  const progress = { type: "progress", video_id: "v", stage: "scene", fraction: 0.5 };
  assert.deepEqual(read(progress, "v"), { fraction: 0.5, stage: "scene" });
  assert.equal(read(progress, "other"), null);
  assert.deepEqual(read({ type: "video", card: CARD }, "v"), { fraction: 1, stage: "published", card: CARD });
  assert.equal(read({ type: "failed", video_id: "v", reason: "no voice" }, "v").message, "no voice");
  assert.equal(read({ type: "beat", live: true }, "v"), null);
  // dropped: for good, or because another revision is made in its place
  const dropped = { type: "revision", video_id: "v", revision: 1, status: "dropped", reason: "no more GPUs" };
  assert.equal(read(dropped, "v").message, "no more GPUs");
  assert.equal(read({ ...dropped, overtaken_by: 2 }, "v"), null);
});

/** Follow a video whose API answers `asked(number)`, and let `push` speak through the socket. */
function following(asked, quietMs = 5) {
  let questions = 0;
  serve((request) => json(new URL(request.url).pathname === "/config.json" ? { gateway: "ws://127.0.0.1:1/" } : asked(++questions)));
  const { made, FakeSocket } = sockets();
  const api = new Swipestream({ baseUrl: "http://127.0.0.1:1" });
  return { made, steps: follow(api, "v", { stream: { WebSocket: FakeSocket }, quietMs }) };
}

async function all(steps) {
  const found = [];
  for await (const step of steps) found.push(step);
  return found;
}

test("progress never goes back and ends with the card", async () => {
  const { made, steps } = following(() => ({ status: "rendering" }));
  const found = all(steps);
  const socket = await until(() => made[0]?.onopen && made[0]);
  socket.accept();
  socket.say([WELCOME, ...[0.4, 0.3].map((fraction) => ({ type: "progress", video_id: "v", stage: "scene", fraction }))]);
  socket.say({ type: "video", card: CARD, video_id: "v" });
  assert.deepEqual((await found).map((step) => step.fraction), [0.4, 0.4, 1]);
  assert.equal(socket.readyState, 3);
});

test("a silent gateway is made up for by asking", async () => {
  const { steps } = following((number) => (number > 2 ? { status: "published", card: CARD } : { status: "rendering" }));
  assert.deepEqual(await all(steps), [{ fraction: 1, stage: "published", card: CARD }]);
});

test("a video that will not come is told", async () => {
  const { steps } = following(() => ({ status: "rejected", reason: "violence" }));
  await assert.rejects(all(steps), { message: "violence", status: 409 });
});
