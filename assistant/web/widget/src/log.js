// The messages on the screen, and what is being done about the last one.
import { h, icon, icons } from './dom.js';
import { articleURL, render } from './text.js';

const slow = 8000; // ms without news

export class Log {
  constructor({ articleURL: template, onrate, onretry, texts }) {
    this.template = template;
    this.onrate = onrate;
    this.onretry = onretry;
    this.texts = texts;
    this.t = texts.t.bind(texts);
    this.rows = new Map(); // message -> element
    this.list = h('div', { 'aria-label': this.t('messages'), 'aria-live': 'polite', class: 'list', role: 'log' });
    this.status = h('div', { class: 'status', hidden: true, role: 'status' });
    this.element = h('div', { class: 'scroll', tabindex: '0' }, this.list, this.status);
  }

  greet() {
    this.list.prepend(h('div', { class: 'row assistant' }, h('div', { class: 'bubble' }, h('p', {}, this.t('greeting')))));
  }

  /** While a whole history comes in, a screen reader is not to read it out. */
  quietly(on) {
    this.list.setAttribute('aria-busy', String(on));
  }

  put(message, before) {
    const row = this.row(message);
    const known = this.rows.get(message);
    this.rows.set(message, row);
    if (known) known.replaceWith(row);
    else if (before && this.rows.has(before)) this.rows.get(before).before(row);
    else this.list.append(row);
    if (message.author !== 'customer') this.dropDraft();
    this.show(row);
  }

  take(message) {
    this.rows.get(message)?.remove();
    this.rows.delete(message);
  }

  /** What is being done: reading, searching, writing, checking; null when it is done. */
  progress(stage) {
    clearTimeout(this.timer);
    this.status.hidden = !stage;
    if (!stage) {
      this.dropDraft();
      return;
    }
    const words = h('span', {}, this.t(stage in this.texts.texts ? stage : 'reading'));
    this.status.replaceChildren(h('span', { 'aria-hidden': 'true', class: 'dots' }, h('i'), h('i'), h('i')), words);
    this.timer = setTimeout(() => (words.textContent = this.t('slow')), slow);
    this.show(this.status);
  }

  /** A checked sentence of the answer that is still being made; break is what stands before it. */
  sentence({ break: gap, text }) {
    if (!this.draft) {
      this.quietly(true); // the whole answer is read out, not its pieces
      this.draft = h('div', { class: 'row assistant' }, h('div', { class: 'bubble', dir: 'auto' }));
      this.draftText = '';
      this.list.append(this.draft);
    }
    const space = typeof gap === 'string' ? gap : gap ? '\n' : ' ';
    this.draftText += (this.draftText ? space : '') + text;
    this.draft.firstChild.replaceChildren(...render(this.draftText, true));
    this.show(this.draft);
  }

  dropDraft() {
    this.draft?.remove();
    if (this.draft) this.quietly(false);
    this.draft = null;
  }

  // The beginning of a long answer stays in sight; what is short is shown whole.
  show(row) {
    const scroll = this.element;
    requestAnimationFrame(() => {
      const top = row.offsetTop - this.list.offsetTop;
      scroll.scrollTop = row.offsetHeight > scroll.clientHeight * 0.8 ? top - 12 : scroll.scrollHeight;
    });
  }

  row(message) {
    const { author, body, language, state } = message;
    const mine = author === 'customer';
    return h('div', { class: `row ${author} ${state}` },
      h('span', { class: author === 'agent' ? 'author' : 'hidden' }, this.t(author)),
      h('div', { class: 'bubble', dir: 'auto', lang: language }, render(body, !mine)),
      mine ? this.delivery(state) : [this.sources(message), author === 'assistant' && message.citations.length > 0 && this.thumbs(message)]);
  }

  delivery(state) {
    if (state !== 'failed') return state === 'refused' && h('div', { class: 'delivery' }, this.t('refused'));
    return h('div', { class: 'delivery', role: 'alert' }, this.t('failed'), ' ',
      h('button', { class: 'link', onclick: () => this.onretry(), type: 'button' }, this.t('retry')));
  }

  sources({ citations }) {
    if (!citations.length) return null;
    return h('div', { class: 'sources' }, h('span', {}, this.t('sources')), h('ul', {}, citations.map((citation) => {
      const href = articleURL(this.template, citation);
      const link = { dir: 'auto', href, lang: citation.locale, rel: 'noopener noreferrer', target: '_blank' };
      return h('li', {}, href ? h('a', link, citation.title) : h('cite', { dir: 'auto', lang: citation.locale }, citation.title));
    })));
  }

  // The customer's opinion survives that the row is drawn again.
  thumbs(message) {
    const row = h('div', { 'aria-label': this.t('helpful'), class: 'thumbs', role: 'group' });
    const said = h('span', { role: 'status' });
    const button = (label, path, rating) => {
      const element = h('button', {
        'aria-label': this.t(label), 'aria-pressed': String(message.rating === rating), class: 'icon', title: this.t(label), type: 'button',
        onclick: async () => {
          try {
            await this.onrate(rating, { message });
            row.querySelectorAll('button').forEach((other) => other.setAttribute('aria-pressed', String(other === element)));
            said.textContent = this.t('thanks');
          } catch {
            said.textContent = this.t('failed');
          }
        },
      }, icon(path));
      return element;
    };
    row.append(button('yes', icons.up, 5), button('no', icons.down, 1), said);
    return row;
  }
}
