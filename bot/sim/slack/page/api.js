// The page's only door to the server: JSON over fetch, and the event stream with its reconnects.

const RETRY_MS = [500, 1000, 2000, 4000];

/** A refusal by the server; `code` is its error name. */
export class Refusal extends Error {
  constructor(code, message, status) {
    super(message || code);
    this.code = code;
    this.status = status;
  }
}

async function answer(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refusal(body.error ?? `http_${response.status}`, body.message ?? body.error, response.status);
  return body;
}

/** GET as JSON. */
export async function get(path) {
  return answer(await fetch(path, { headers: { Accept: "application/json" } }).catch(unreachable));
}

/** POST of JSON; the X-Sim header proves that no other site's form sent it. */
export async function post(path, body = {}) {
  const headers = { "Content-Type": "application/json", "X-Sim": "1" };
  return answer(await fetch(path, { method: "POST", headers, body: JSON.stringify(body) }).catch(unreachable));
}

function unreachable() {
  throw new Refusal("unreachable", "The local workspace does not answer. Is it still running?", 0);
}

/**
 * Keeps one viewer's screen up to date: a snapshot, then changes; after every break a new snapshot.
 * `on` has snapshot(state), change(event), connection(isUp) and unknownUser().
 */
export class LiveFeed {
  constructor(on) {
    this.on = on;
    this.run = 0; // a newer run makes an older one stop
    this.failures = 0;
  }

  /** Starts, or starts again for another viewer; resolves once the first snapshot was handed over. */
  async start(user) {
    this.run += 1;
    this.user = user;
    this.source?.close();
    await this.connect(this.run);
  }

  async connect(run) {
    try {
      const query = this.user ? `?user=${encodeURIComponent(this.user)}` : "";
      const snapshot = await get(`/ui/state${query}`);
      if (run !== this.run) return;
      this.user = snapshot.me;
      this.on.snapshot(snapshot);
      this.listen(run, snapshot.seq);
    } catch (problem) {
      if (!(problem instanceof Refusal)) throw problem;
      if (problem.code === "user_not_found") await this.on.unknownUser();
      else this.retry(run);
    }
  }

  listen(run, seq) {
    const source = new EventSource(`/ui/events?user=${encodeURIComponent(this.user)}&since=${seq}`);
    this.source = source;
    source.addEventListener("open", () => {
      this.failures = 0;
      this.on.connection(true);
    });
    source.addEventListener("message", (event) => {
      if (run !== this.run) return;
      const change = JSON.parse(event.data);
      if (change.type === "reset") void this.start(this.user); // away too long: the server no longer has the changes
      else this.on.change(change);
    });
    source.addEventListener("error", () => {
      source.close();
      this.retry(run);
    });
  }

  retry(run) {
    if (run !== this.run) return;
    this.on.connection(false);
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
    this.failures += 1;
    setTimeout(() => {
      if (run === this.run) void this.connect(run);
    }, wait);
  }
}
