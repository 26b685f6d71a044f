import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { Backoff, Swipestream } from "../src/index.js";
import { json, serve, sockets, soon, until, WELCOME } from "./fakes.js";

/** Streams of the test. One that is left open would come back for ever, and the run would not end. */
const streams = [];
afterEach(() => streams.splice(0).forEach((stream) => stream.close()));

/** A stream that comes back at once, and the sockets it opens. */
function opened(options = {}, client = { viewer: "ada" }) {
  serve((request) => {
    if (new URL(request.url).pathname !== "/v1/sessions") return json({ gateway: "ws://127.0.0.1:1/" });
    return json({ token: "new", viewer_id: "me", expires_at: new Date(Date.now() + 3e9).toISOString() });
  });
  const { made, FakeSocket } = sockets();
  const stream = new Swipestream({ baseUrl: "http://127.0.0.1:1", ...client }).stream({ ...options, WebSocket: FakeSocket });
  stream.backoff = new Backoff(1, 2);
  streams.push(stream);
  return { made, stream };
}

/** The next socket, with its hello said. */
const connected = async (made, count) => {
  const socket = await until(() => made.length >= count && made[count - 1]);
  await until(() => socket.onopen);
  socket.accept();
  return socket;
};

test("a lost connection goes on with the newest token and what is watched", async () => {
  const { made, stream } = opened({ videos: ["v1"] });
  stream.open();
  const first = await connected(made, 1);
  first.say([WELCOME, { type: "beat", token: "t1", live: true }]);
  stream.watch("v2");
  first.close(1001);
  const second = await connected(made, 2);
  assert.deepEqual(first.said[0], { type: "hello", viewer_id: "ada", videos: ["v1"], lobby: false });
  assert.deepEqual(first.said[1], { type: "watch", video_id: "v2" });
  assert.deepEqual(second.said[0], { type: "hello", viewer_id: "ada", resume: "t1", videos: ["v1", "v2"], lobby: false });
  stream.close();
});

test("who is short of videos says so once, and again when it comes back", async () => {
  const { made, stream } = opened();
  stream.open();
  const first = await connected(made, 1);
  first.say(WELCOME);
  for (const on of [false, true, true]) stream.enterLobby(on);
  first.close(1001);
  const second = await connected(made, 2);
  stream.enterLobby(false);
  assert.deepEqual(first.said.slice(1), [{ type: "lobby", on: true }]);
  assert.equal(second.said[0].lobby, true);
  assert.deepEqual(second.said[1], { type: "lobby", on: false });
  stream.close();
});

test("states: live, delayed, offline; while it tries again it stays offline", async () => {
  const { made, stream } = opened();
  const states = [];
  stream.addEventListener("state", ({ detail }) => states.push(detail.state));
  stream.open();
  const socket = await connected(made, 1);
  socket.say({ ...WELCOME, live: false });
  socket.say({ type: "beat", token: "t1", live: true });
  socket.close(1006);
  await connected(made, 2);
  assert.deepEqual(states, ["connecting", "delayed", "live", "offline"]);
  stream.close();
});

for (const code of [1009, 4000, 4002, 4004])
  test(`after ${code} it does not come back`, async () => {
    const { made, stream } = opened();
    stream.open();
    const ended = new Promise((done) => stream.addEventListener("closed", ({ detail }) => done(detail)));
    (await connected(made, 1)).close(code, "no");
    assert.deepEqual(await ended, { code, reason: "no" });
    assert.equal(made.length, 1);
  });

test("a token that is not taken any more is replaced by a new one", async () => {
  const memory = { load: () => ({ token: "old", viewer: "me", expires: Date.now() + 3e9 }), save: () => {} };
  const { made, stream } = opened({}, { memory });
  stream.open();
  const first = await connected(made, 1);
  first.close(4006);
  const second = await connected(made, 2);
  assert.deepEqual([first.said[0].access, second.said[0].access], ["old", "new"]);
  stream.close();
});

/** A session of `me` whose token is due after so many milliseconds. */
const due = (ms) => ({ load: () => ({ token: "old", viewer: "me", expires: Date.now() + 3e9, due: Date.now() + ms }), save: () => {} });

test("a token that is due is renewed, and told on the connection that stands", async () => {
  const { made, stream } = opened({}, { memory: due(20) });
  stream.open();
  const socket = await connected(made, 1);
  await until(() => socket.said.length === 2);
  assert.deepEqual(socket.said[1], { type: "refresh", access: "new" });
  assert.deepEqual([made.length, socket.readyState], [1, 1]);
  stream.close();
});

for (const [when, left] of [["then", 60], ["in that very moment", 0]])
  test(`a timer that is early is no renewal that failed: what is due ${when} is renewed`, async () => {
    const { made, stream } = opened({}, { memory: due(300) });
    // Given a session that is not due yet when it is asked the first time
    const signIn = stream.session.signIn.bind(stream.session);
    let early = true;
    stream.session.signIn = async () => {
      if (!early) return signIn();
      early = false;
      stream.session.kept.due = Date.now() + left;
    };
    stream.open();
    const socket = await connected(made, 1);
    // Then it is renewed when it is, not a minute later
    await until(() => socket.said.length === 2);
    assert.deepEqual([early, socket.said[1]], [false, { type: "refresh", access: "new" }]);
  });

test("a token that is not due, or that was never asked for, is left alone", async () => {
  for (const client of [{ memory: due(60000) }, { viewer: "ada" }, { token: "mine" }]) {
    const { made, stream } = opened({}, client);
    stream.open();
    const socket = await connected(made, 1);
    await soon(30);
    assert.deepEqual(socket.said.map(({ type }) => type), ["hello"]);
    stream.close();
  }
});

test("a newer token of one's own issuer is told to streams that are open, and to no others", async () => {
  const { made, stream } = opened({}, { token: "mine" });
  stream.open();
  const socket = await connected(made, 1);
  stream.session.use("newer");
  assert.deepEqual(socket.said[1], { type: "refresh", access: "newer" });
  stream.close();
  stream.session.use("newest");
  assert.equal(socket.said.length, 2);
});

test("a session that became another viewer's says hello anew", async () => {
  const { made, stream } = opened({}, { memory: { load: () => ({ token: "old", viewer: "before", expires: Date.now() + 3e9 }), save: () => {} } });
  stream.open();
  const first = await connected(made, 1);
  await stream.session.renew(true);
  const second = await connected(made, 2);
  assert.deepEqual([first.said.length, first.readyState, second.said[0].access], [1, 3, "new"]);
  stream.close();
});

test("a gateway that falls silent is left", async () => {
  const { made, stream } = opened();
  stream.open();
  (await connected(made, 1)).say({ ...WELCOME, beat_s: 0.004 });
  await connected(made, 2);
  assert.equal(made[0].readyState, 3);
  stream.close();
});

test("a stream can be iterated over; leaving the loop closes it", async () => {
  const { made, stream } = opened({ resume: "kept" });
  const types = [];
  const loop = (async () => {
    for await (const frame of stream) if (types.push(frame.type) === 3) break;
  })();
  const socket = await connected(made, 1);
  socket.say([WELCOME, { type: "resync", reason: "expired", token: "t9" }]);
  socket.say({ type: "beat", token: "t10", live: true });
  await loop;
  assert.deepEqual(types, ["welcome", "resync", "beat"]);
  assert.equal(socket.said[0].resume, "kept");
  assert.deepEqual([socket.readyState, stream.token], [3, "t10"]);
});

test("where there is no WebSocket it says so at once", () => {
  const own = globalThis.WebSocket;
  delete globalThis.WebSocket;
  try {
    const api = new Swipestream({ baseUrl: "http://127.0.0.1:1", viewer: "ada" });
    assert.throws(() => api.stream(), /There is no WebSocket here: give one/);
  } finally {
    if (own) globalThis.WebSocket = own;
  }
});
