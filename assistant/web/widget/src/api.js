// deskhand's HTTP interface, as far as a customer's page uses it: docs/openapi.yaml.

const silence = 40_000; // ms without a byte; the service sends a sign of life every 10 s
const patience = 15_000; // ms for what is not a question

/** Why a request failed. kind is the last part of the problem's type, or lost when no answer came at all. */
export class Failure extends Error {
  constructor(kind, status = 0, retryAfter = 0) {
    super(kind);
    this.kind = kind;
    this.status = status;
    this.retryAfter = retryAfter * 1000; // ms
  }

  /** Whether the same request may succeed later. */
  get passing() {
    return this.kind === 'lost' || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

export class API {
  constructor({ base, key, token, locale }) {
    this.base = base;
    this.key = key;
    this.locale = locale;
    this.setToken(token);
  }

  /** source: a token, a function that returns one or a promise of one, or nothing for an anonymous customer. */
  setToken(source) {
    this.source = source;
    this.token = typeof source === 'string' ? source : null;
  }

  /** Asks a question. on.accepted(ids), on.progress(stage) and on.sentence(event) hear what happens; the promise is the answer. */
  async ask(question, on) {
    const response = await this.withToken((token) => {
      const body = token ? { ...question.body, customer: { token } } : question.body;
      return this.send('POST', 'v1/answers', { accept: 'text/event-stream', body, idempotency: question.key, limit: silence });
    });
    for await (const { name, data } of events(response)) {
      if (name === 'answer') return data;
      if (name === 'error') throw failureOf(data.status, data);
      if (name === 'accepted') on.accepted(data);
      if (name === 'progress') on.progress(data.stage);
      if (name === 'sentence') on.sentence(data);
    }
    throw new Failure('lost');
  }

  read(id) {
    return this.call('GET', `v1/conversations/${id}`);
  }

  handOff(id, idempotency) {
    return this.call('POST', `v1/conversations/${id}/handoff`, { idempotency });
  }

  rate(id, body) {
    return this.call('POST', `v1/conversations/${id}/feedback`, { body });
  }

  /** Are the contacts in a text the desk's? */
  verify(value) {
    return this.call('POST', 'v1/channels/verify', { body: { locale: this.locale, value } });
  }

  /** Calls changed once a stream of a conversation's events is open, and for each event, until it ends. Throws where there is none. */
  async follow(id, signal, changed) {
    const response = await this.withToken((token) =>
      this.send('GET', `v1/conversations/${id}/events`, { accept: 'text/event-stream', limit: silence, signal, token }),
    );
    if (!(response.headers.get('content-type') || '').startsWith('text/event-stream')) throw new Failure('not_found', 404);
    try {
      await changed();
      for await (const { name } of events(response)) if (name) await changed();
    } catch {
      // The stream broke off: the caller opens another.
    }
  }

  async call(method, path, options = {}) {
    const response = await this.withToken((token) => this.send(method, path, { ...options, limit: patience, token }));
    if (response.status === 204) return null;
    try {
      return await response.json();
    } catch {
      throw new Failure('lost');
    } finally {
      response.settle();
    }
  }

  // A token lives for minutes and belongs to one conversation: one that is refused is fetched anew, once.
  async withToken(request) {
    const fetchToken = async () => (typeof this.source === 'function' ? this.source() : this.source);
    try {
      this.token ??= await fetchToken();
      return await request(this.token);
    } catch (failure) {
      if (!/^customer_token_/.test(failure.kind) || typeof this.source !== 'function') throw failure;
      this.token = await fetchToken();
      return request(this.token);
    }
  }

  // Returns the response, with two more methods: alive() puts off the time limit, settle() ends it.
  async send(method, path, { accept = 'application/json', body, idempotency, limit, signal, token }) {
    const headers = { Accept: accept, Authorization: `Bearer ${this.key}` };
    if (body) headers['Content-Type'] = 'application/json';
    if (idempotency) headers['Idempotency-Key'] = idempotency;
    if (token) headers['X-Customer-Token'] = token;
    const abort = new AbortController();
    signal?.addEventListener('abort', () => abort.abort());
    let timer = setTimeout(() => abort.abort(), limit);
    const settle = () => clearTimeout(timer);
    const alive = () => {
      settle();
      timer = setTimeout(() => abort.abort(), limit);
    };
    let response;
    try {
      response = await fetch(new URL(path, this.base), {
        body: body && JSON.stringify(body), cache: 'no-store', credentials: 'omit', headers, method, signal: abort.signal,
      });
    } catch {
      settle();
      throw new Failure('lost');
    }
    if (response.ok) return Object.assign(response, { alive, settle });
    const problem = await response.json().catch(() => ({}));
    settle();
    throw failureOf(response.status, problem, response.headers.get('retry-after'));
  }
}

function failureOf(status, problem, retryAfter) {
  return new Failure(String(problem.type || '').split('#problem-')[1] || 'unknown', status, Number(retryAfter) || 0);
}

// The server-sent events of a response: {name, data}.
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      response.alive();
      const blocks = (rest + value).replaceAll('\r', '').split('\n\n');
      rest = blocks.pop();
      for (const block of blocks) {
        const field = (name) => block.split('\n').filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim()).join('\n');
        const data = field('data');
        if (data) yield { data: JSON.parse(data), name: field('event') };
      }
    }
  } catch {
    throw new Failure('lost');
  } finally {
    response.settle();
    reader.cancel().catch(() => {});
  }
}
