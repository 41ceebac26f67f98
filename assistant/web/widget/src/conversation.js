// What the customer and the desk say to each other: sending, repeating, reloading, following. It knows no elements; it tells a
// view: put(message, before), take(message), progress(stage), sentence(event), ticket(ticket), trouble(failure), arrived(count),
// rated(feedback).
import { Failure } from './api.js';
import { newID } from './dom.js';

const tries = 4;
const firstWait = 1000; // ms before a question is repeated; it doubles
const soonest = 3000; // ms between two looks for a person's reply, and at the latest
const latest = 60_000;

export class Conversation {
  constructor({ api, memory, view }) {
    this.api = api;
    this.memory = memory;
    this.view = view;
    this.messages = [];
    this.outbox = [];
    this.id = memory.get();
    this.ticket = null;
    this.waits = false; // the customer is shown that an answer is still being made
    this.tabs = typeof BroadcastChannel === 'function' ? new BroadcastChannel('deskhand') : null;
    this.tabs?.addEventListener('message', ({ data }) => this.heard(data));
    this.wake = () => {};
    this.onwake = () => {
      if (document.hidden) this.stream?.abort();
      else this.wake();
      if (this.outbox.length && navigator.onLine) this.flush();
    };
    addEventListener('online', this.onwake);
    document.addEventListener('visibilitychange', this.onwake);
  }

  /** Ends all that goes on in the background. */
  stop() {
    this.following?.abort();
    this.tabs?.close();
    removeEventListener('online', this.onwake);
    document.removeEventListener('visibilitychange', this.onwake);
  }

  /** Forgets the conversation; the desk keeps it. */
  restart() {
    this.following?.abort();
    this.messages.forEach((message) => this.view.take(message));
    this.messages = [];
    this.outbox = [];
    this.id = null;
    this.memory.set(null);
    this.setTicket(null);
    this.setFeedback(null);
  }

  send(body) {
    const message = { author: 'customer', body, citations: [], state: 'sending' };
    this.messages.push(message);
    this.outbox.push(message);
    this.view.put(message);
    return this.flush();
  }

  /** Sends what waits, in its order: a later message must not open a conversation beside an earlier one's. */
  async flush() {
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.outbox.length && (await this.deliver(this.outbox[0]))) this.outbox.shift();
    } finally {
      this.busy = this.waits = false;
      this.view.progress(null);
    }
    this.follow();
  }

  async deliver(message) {
    this.mark(message, 'sending');
    for (let attempt = 1; ; attempt++) {
      // The request keeps its name and its words through all tries: however often it arrives, it is one question.
      message.request ??= {
        body: { conversation_id: this.id ?? undefined, locale: this.api.locale, message: { body: message.body } }, key: newID(),
      };
      try {
        const { progress, sentence } = this.view;
        const accepted = (ids) => this.accepted(message, ids);
        this.answered(message, await this.api.ask(message.request, { accepted, progress, sentence }));
        return true;
      } catch (cause) {
        const failure = cause instanceof Failure ? cause : new Failure('lost');
        const last = !failure.passing || attempt >= tries || !navigator.onLine;
        if (message.id && last) return true; // the service has it: the answer is looked for
        if (failure.kind === 'not_found' && this.id) {
          this.id = null; // it was another customer's, or is gone
          message.request = null;
        } else if (last) {
          this.mark(message, failure.passing ? 'failed' : 'refused');
          if (!failure.passing) this.outbox.shift();
          this.view.trouble(failure, message);
          return false;
        } else {
          await new Promise((resolve) => setTimeout(resolve, failure.retryAfter || firstWait * 2 ** (attempt - 1)));
        }
      }
    }
  }

  // The service keeps the question from here on: whatever becomes of this page, its conversation has the answer.
  accepted(message, { conversation_id: conversation, message_id: id }) {
    message.id = id;
    this.mark(message, 'sent');
    this.remember(conversation);
  }

  answered(message, answer) {
    message.id = answer.message_id;
    this.mark(message, 'sent');
    this.remember(answer.conversation_id);
    this.add({ ...answer.reply, author: 'assistant', id: answer.reply.message_id });
    if (answer.ticket) this.setTicket(answer.ticket);
    this.tabs?.postMessage({ id: this.id, key: this.api.key });
  }

  /** Asks for a person; ask is how the customer says so. */
  async handOff(ask) {
    if (!this.id) return this.send(ask);
    this.handOffKey ??= newID();
    this.view.progress('reading');
    try {
      const answer = await this.api.handOff(this.id, this.handOffKey);
      this.handOffKey = null;
      this.add({ author: 'customer', body: ask, id: answer.message_id }); // before what it brought, as the service keeps it
      this.add({ ...answer.reply, author: 'assistant', id: answer.reply.message_id });
      this.setTicket(answer.ticket ?? this.ticket);
      this.follow();
    } catch (failure) {
      this.view.trouble(failure, null);
    } finally {
      this.view.progress(null);
    }
  }

  async rate(rating, { comment, message }) {
    await this.api.rate(this.id, { comment: comment || undefined, message_id: message?.id, rating });
    if (message) message.rating = rating;
    else this.setFeedback({ comment, rating });
  }

  /** Reads the conversation; true when something new was in it. */
  async reload() {
    if (!this.id || this.busy) return false;
    const id = this.id;
    const read = await this.api.read(id);
    if (this.busy || this.id !== id) return false; // the answer that is on its way brings the rest
    const known = this.messages.length;
    for (const message of read.messages) this.add(message);
    this.setTicket(read.ticket ?? null);
    this.setFeedback(read.feedback ?? null);
    this.showWaiting();
    const fresh = this.messages.slice(known).filter((message) => message.author !== 'customer');
    if (known && fresh.length) this.view.arrived(fresh.length);
    return this.messages.length > known;
  }

  /**
   * Waits for a person's replies while one is expected: by events where the service has them, else by looking. A page that nobody
   * sees only looks: each stream takes one of the six connections that a browser has for all tabs of the site.
   */
  async follow() {
    this.following?.abort();
    const { signal } = (this.following = new AbortController());
    const look = async () => (signal.aborted ? false : this.reload().catch(() => false));
    this.showWaiting();
    let silent = false; // the service has no such stream
    for (let wait = soonest; this.expects && !signal.aborted; ) {
      if (!silent && !document.hidden) {
        this.stream = new AbortController();
        signal.addEventListener('abort', () => this.stream.abort());
        await this.api.follow(this.id, this.stream.signal, look).catch((failure) => {
          silent = failure.status < 429 && navigator.onLine && !this.stream.signal.aborted;
        });
        if (signal.aborted) return;
      }
      await this.sleep(document.hidden ? latest : wait, signal);
      wait = (await look()) ? soonest : Math.min(wait * 1.5, latest);
    }
  }

  get expects() {
    return this.id && (this.unanswered || (this.ticket && this.ticket.status !== 'resolved'));
  }

  // A question that the service has, and whose answer this page did not get: it was reloaded, or the network was lost.
  get unanswered() {
    return this.messages.findLast((message) => message.id)?.author === 'customer';
  }

  showWaiting() {
    if (this.busy || this.waits === this.unanswered) return;
    this.waits = this.unanswered;
    this.view.progress(this.waits ? 'reading' : null);
  }

  // Ends after some ms, or when the page is looked at again.
  sleep(ms, signal) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
      signal.addEventListener('abort', this.wake);
    });
  }

  // Another tab of this page got an answer.
  heard({ id, key }) {
    if (key !== this.api.key || this.busy || (this.id && this.id !== id)) return;
    this.id = id;
    this.reload().then(() => this.follow(), () => {});
  }

  add(message) {
    const known = this.messages.find((other) => other.id === message.id);
    if (known) {
      const { body, rating } = message;
      const rated = rating && rating !== known.rating; // in another tab
      if (known.body !== body || rated) this.view.put(Object.assign(known, { body }, rated && { rating }));
      return;
    }
    // What was not sent yet stays below what was.
    const waiting = this.messages.find((other) => !other.id);
    const added = { citations: [], state: 'sent', ...message };
    this.messages.splice(waiting ? this.messages.indexOf(waiting) : this.messages.length, 0, added);
    this.view.put(added, waiting);
  }

  mark(message, state) {
    message.state = state;
    this.view.put(message);
  }

  remember(id) {
    this.id = id;
    this.memory.set(id);
  }

  setFeedback(feedback) {
    this.feedback = feedback;
    this.view.rated(feedback);
  }

  setTicket(ticket) {
    this.ticket = ticket;
    this.view.ticket(ticket);
  }
}

/** Where the id of the conversation outlives a reload: nothing else is kept in the browser. */
export class Memory {
  constructor(key) {
    this.name = `deskhand:${key.slice(-16)}`;
  }

  get() {
    try {
      const id = localStorage.getItem(this.name);
      return /^[0-9a-f-]{36}$/.test(id) ? id : null;
    } catch {
      return null; // storage is forbidden
    }
  }

  set(id) {
    try {
      if (id) localStorage.setItem(this.name, id);
      else localStorage.removeItem(this.name);
    } catch {
      // then it lives as long as the page
    }
  }
}
