// The box in which the customer writes. Nothing typed is ever lost: what cannot be sent stays in it.
import { h, icon, icons } from './dom.js';
import { findSecret, folded, listsFor } from './secrets.js';

const longest = 8000; // characters: QuestionMessage in docs/openapi.yaml
const listPatience = 1500; // ms that sending waits for a list of words
const pause = 150; // ms without a key before the text is looked at

export class Composer {
  constructor({ base, locale, onsend, t }) {
    this.base = base;
    this.locale = locale;
    this.onsend = onsend;
    this.t = t;
    this.lists = new Map(); // name -> promise of a Set; a list that failed to load is asked for again
    this.loaded = new Map();
    this.box = h('textarea', {
      'aria-describedby': 'warning limit', 'aria-label': t('placeholder'), enterkeyhint: 'send', placeholder: t('placeholder'), rows: '1',
      oninput: () => this.changed(), onkeydown: (event) => this.key(event),
    });
    this.button = h('button', { 'aria-label': t('send'), class: 'send', title: t('send'), type: 'submit' }, icon(icons.send, 'flip'));
    this.warning = h('div', { class: 'warning', hidden: true, id: 'warning', role: 'alert' });
    this.limit = h('div', { class: 'limit', hidden: true, id: 'limit', role: 'status' });
    this.element = h('form', {
      onsubmit: (event) => {
        event.preventDefault();
        this.submit();
      },
    }, this.warning, this.limit, h('div', { class: 'box' }, this.box, this.button));
  }

  focus() {
    this.box.focus();
  }

  /** Puts a text into the box, in front of what is there already. */
  fill(text) {
    this.box.value = this.box.value.trim() ? `${text}\n${this.box.value}` : text;
    this.changed();
  }

  key(event) {
    // Enter also ends the choice of a Chinese or Japanese word: then it sends nothing.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.submit();
  }

  changed() {
    this.box.style.height = 'auto';
    this.box.style.height = `${Math.min(this.box.scrollHeight, 140)}px`;
    const count = this.count();
    this.limit.hidden = count <= longest;
    this.box.ariaInvalid = String(count > longest);
    this.limit.textContent = count > longest ? this.t('too_long', { count: count.toLocaleString(this.locale), max: longest.toLocaleString(this.locale) }) : '';
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), pause);
  }

  // As the service counts: characters of Unicode, not halves of them.
  count() {
    const { value } = this.box;
    return value.length > longest ? Array.from(value).length : value.length;
  }

  // Looks for a secret with the lists that are there, and again when others have come.
  async look() {
    const text = this.box.value;
    const missing = listsFor(text, this.locale).filter((name) => !this.loaded.has(name));
    this.warn(findSecret(text, [...this.loaded.values()]));
    if (missing.length === 0) return;
    await Promise.all(missing.map((name) => this.load(name)));
    if (this.box.value === text) this.warn(findSecret(text, [...this.loaded.values()]));
  }

  load(name) {
    if (!this.lists.has(name)) {
      const fetched = fetch(new URL(`widget/words/${name}.txt`, this.base), { credentials: 'omit' })
        .then((response) => (response.ok ? response.text() : Promise.reject(response.status)))
        .then((text) => this.loaded.set(name, new Set(text.split('\n').map(folded))))
        .catch(() => this.lists.delete(name)); // the service still removes what gets through
      this.lists.set(name, fetched);
    }
    return this.lists.get(name);
  }

  warn(secret) {
    this.secret = secret && this.allowed !== this.box.value ? secret : null;
    this.warning.hidden = !this.secret;
    this.warning.replaceChildren();
    if (!this.secret) return;
    const button = (label, onclick, name) => h('button', { class: name, onclick, type: 'button' }, this.t(label));
    this.warning.append(
      h('strong', {}, this.t(secret.kind === 'phrase' ? 'secret_phrase' : 'secret_key')), ' ', this.t('secret_warning'),
      h('div', { class: 'choices' }, button('secret_remove', () => this.removeSecret(), 'primary'),
        button('secret_send', () => this.sendAnyway(), 'plain')));
  }

  removeSecret() {
    const { value } = this.box;
    for (let found = this.secret; found; found = findSecret(this.box.value, [...this.loaded.values()])) {
      this.box.value = this.box.value.slice(0, found.start) + this.t('removed') + this.box.value.slice(found.end);
      if (this.box.value === value) break;
    }
    this.changed();
    this.warn(null);
    this.focus();
  }

  sendAnyway() {
    this.allowed = this.box.value;
    this.warn(null);
    this.submit();
  }

  async submit() {
    const text = this.box.value;
    if (!text.trim() || this.count() > longest || this.sending) return;
    this.sending = true;
    await Promise.race([this.look(), new Promise((resolve) => setTimeout(resolve, listPatience))]);
    this.sending = false;
    if (this.secret || this.box.value !== text) return;
    this.box.value = '';
    this.allowed = null;
    this.changed();
    this.onsend(text.trim());
    this.focus();
  }
}
