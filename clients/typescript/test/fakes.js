/** A server that does what the test says. */

export const WELCOME = { type: "welcome", protocol: 1, token: "t0", resumed: false, replayed: 0, beat_s: 10, live: true };

/** @param {(request: Request) => Response | Promise<Response>} handler */
export function serve(handler) {
  const seen = [];
  globalThis.fetch = async (url, options) => {
    const request = new Request(new URL(url, "http://api.test"), options);
    seen.push(request.clone());
    return handler(request);
  };
  return seen;
}

export const json = (body, status = 200, headers = {}) => new Response(JSON.stringify(body), { status, headers });

/** Sockets that a stream opened, newest last; each remembers what was said and can say something. */
export function sockets() {
  const made = [];
  class FakeSocket {
    readyState = 0;
    said = [];
    constructor(url) {
      this.url = url;
      made.push(this);
    }
    accept() {
      this.readyState = 1;
      this.onopen();
    }
    send(text) {
      this.said.push(JSON.parse(text));
    }
    say(content) {
      this.onmessage({ data: JSON.stringify(content) });
    }
    close(code = 1000, reason = "") {
      if (this.readyState === 3) return;
      this.readyState = 3;
      queueMicrotask(() => this.onclose?.({ code, reason }));
    }
  }
  return { made, FakeSocket };
}

export const soon = (ms = 0) => new Promise((done) => setTimeout(done, ms));

/** @param {() => any} found */
export async function until(found) {
  for (let turn = 0; turn < 400; turn++) {
    const value = found();
    if (value) return value;
    await soon(5);
  }
  throw new Error("it did not happen within 2 s");
}
