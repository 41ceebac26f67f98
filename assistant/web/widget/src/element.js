// <deskhand-widget>: the button, the panel, and what the customer does in it.
import darkText from './dark.css';
import sheetText from './widget.css';
import { API } from './api.js';
import { Composer } from './composer.js';
import { Conversation, Memory } from './conversation.js';
import { h, icon, icons } from './dom.js';
import { Texts, choose } from './i18n.js';
import { Log } from './log.js';
import { ratingPage, verifyPage } from './pages.js';

const sheet = new CSSStyleSheet();
sheet.replaceSync(sheetText);

const systemDark = '(prefers-color-scheme: dark)';

export class Widget extends HTMLElement {
  static observedAttributes = ['theme'];

  #conversation;
  #dark = new CSSStyleSheet({ media: systemDark });
  #ready;
  #returnTo = null;
  #unread = 0;

  constructor() {
    super();
    this.#dark.replaceSync(darkText);
    this.attachShadow({ mode: 'open' }).adoptedStyleSheets = [sheet, this.#dark];
  }

  /** Takes the options of mount(), before the element is on the page. */
  configure(options) {
    this.options = options;
    if (!/^dh_widget_/.test(options.key || '')) console.error('deskhand: data-key is missing or is no widget key (dh_widget_…)');
  }

  attributeChangedCallback(name, before, theme) {
    this.#dark.media.mediaText = { dark: 'all', light: 'not all' }[theme] ?? systemDark;
  }

  connectedCallback() {
    if (this.#ready) return;
    if (!this.options) this.configure({ ...this.dataset });
    const { options } = this;
    const base = new URL(options.base || '.', options.base ? document.baseURI : import.meta.url);
    const locale = choose([options.locale, document.documentElement.lang, ...navigator.languages]);
    this.texts = new Texts(locale);
    this.api = new API({
      base, key: options.key, locale, token: options.token || (options.tokenFrom && (() => window[options.tokenFrom]())),
    });
    if (options.theme) this.setAttribute('theme', options.theme);
    if (options.side) this.setAttribute('side', options.side);
    this.#ready = this.texts.load(base).then(() => this.#build(base));
  }

  disconnectedCallback() {
    this.#conversation?.stop();
    removeEventListener('offline', this.onnetwork);
    removeEventListener('online', this.onnetwork);
  }

  /** Opens the panel; with a text, puts it into the box for the customer to send. */
  async open(text) {
    await this.#ready;
    if (this.panel.hidden) {
      this.#returnTo = this.ownerDocument.activeElement === this ? null : this.ownerDocument.activeElement;
      this.panel.hidden = false;
      this.setAttribute('open', '');
      this.launcher.setAttribute('aria-expanded', 'true');
      this.#count(0);
    }
    if (text) this.composer.fill(text);
    this.composer.focus();
  }

  /** Closes the panel; the focus goes back to where it was. */
  async close() {
    await this.#ready;
    if (this.panel.hidden) return;
    this.panel.hidden = true;
    this.removeAttribute('open');
    this.launcher.setAttribute('aria-expanded', 'false');
    const target = this.#returnTo?.isConnected && this.#returnTo !== document.body ? this.#returnTo : this.launcher;
    target.focus();
  }

  /** Says who the customer is: a token, or a function that fetches one. */
  setToken(source) {
    this.api.setToken(source);
  }

  /** Forgets the conversation in this browser: call it when the customer logs out. */
  async reset() {
    await this.#ready;
    this.#restart();
  }

  #build(base) {
    const { texts } = this;
    const t = texts.t.bind(texts);
    this.composer = new Composer({
      base, locale: texts.locale, onsend: (text) => this.#send(text), t,
    });
    this.log = new Log({
      articleURL: this.options.articleUrl, texts,
      onrate: (rating, about) => this.#conversation.rate(rating, about),
      onretry: () => this.#conversation.flush(),
    });
    this.launcher = h('button', {
      'aria-expanded': 'false', 'aria-haspopup': 'dialog', 'aria-label': t('open'), class: 'launcher', type: 'button',
      onclick: () => (this.panel.hidden ? this.open() : this.close()),
    }, icon(icons.chat), this.badge = h('span', { 'aria-hidden': 'true', class: 'badge', hidden: true }));
    this.panel = this.#panel(t);
    this.panel.hidden = true;
    this.shadowRoot.replaceChildren(h('div', { class: 'root', dir: texts.direction, lang: texts.locale }, this.panel, this.launcher));
    this.#conversation = new Conversation({ api: this.api, memory: new Memory(this.options.key || ''), view: this.#view() });
    this.onnetwork = () => this.#notice(navigator.onLine ? null : 'offline');
    addEventListener('offline', this.onnetwork);
    addEventListener('online', this.onnetwork);
    this.#fitKeyboard();
    this.#restore();
    this.log.greet();
    if (this.options.open !== undefined) this.open();
  }

  #panel(t) {
    const button = (label, path, onclick) =>
      h('button', { 'aria-label': t(label), class: 'icon', onclick, title: t(label), type: 'button' }, icon(path));
    this.ticketBar = h('div', { class: 'ticket', hidden: true });
    this.noticeBar = h('div', { class: 'notice', hidden: true, role: 'alert' });
    this.restartButton = button('restart', icons.restart, () => this.#restart());
    this.restartButton.hidden = true;
    const action = (label, onclick) => h('button', { class: 'action', onclick, type: 'button' }, t(label));
    this.rateButton = action('rate', () => this.#page(ratingPage({
      feedback: this.#conversation.feedback, onsend: (rating, about) => this.#conversation.rate(rating, about), t,
    })));
    this.rateButton.hidden = true;
    this.main = h('div', { class: 'main' }, this.log.element,
      h('div', { class: 'foot' },
        h('div', { class: 'actions' }, action('human', () => this.#conversation.handOff(t('human_ask'))), this.rateButton),
        this.composer.element,
        h('p', { class: 'official' }, t('never'), ' ', h('button', {
          class: 'link', type: 'button',
          onclick: () => this.#page(verifyPage({ api: this.api, onask: (text) => this.#send(text), t })),
        }, t('verify')))));
    return h('section', {
      'aria-label': this.options.name || t('title'), class: 'panel', onkeydown: (event) => this.#key(event), role: 'dialog',
    }, h('header', {}, h('h2', {}, this.options.name || t('title')), this.restartButton, button('close', icons.close, () => this.close())),
    this.ticketBar, this.noticeBar, this.main);
  }

  // What the conversation tells.
  #view() {
    return {
      arrived: (count) => this.panel.hidden && this.#count(this.#unread + count),
      progress: (stage) => this.log.progress(stage),
      put: (message, before) => {
        this.log.put(message, before);
        this.restartButton.hidden = false;
        this.rateButton.hidden = !this.#conversation?.messages.some(({ author }) => author !== 'customer');
      },
      rated: (feedback) => {
        const { texts } = this;
        this.rateButton.textContent = feedback ? `${texts.t('rate')} · ${texts.t('of_five', { n: feedback.rating })}` : texts.t('rate');
      },
      sentence: (event) => this.log.sentence(event),
      take: (message) => this.log.take(message),
      ticket: (ticket) => this.#ticket(ticket),
      trouble: (failure, message) => this.#trouble(failure, message),
    };
  }

  #send(text) {
    this.#notice(navigator.onLine ? null : 'offline');
    return this.#conversation.send(text);
  }

  async #restore() {
    if (!this.#conversation.id) return;
    this.log.quietly(true);
    try {
      await this.#conversation.reload();
      this.#conversation.follow();
    } catch (failure) {
      if (failure.status === 404 || failure.status === 401) this.#conversation.restart();
      else this.#notice('history_failed');
    }
    this.log.quietly(false);
  }

  #restart() {
    this.#conversation.restart();
    this.#notice(null);
    this.restartButton.hidden = this.rateButton.hidden = true;
    this.composer.focus();
  }

  #ticket(ticket) {
    const { texts } = this;
    this.ticketBar.hidden = !ticket;
    if (!ticket) return;
    const text = { resolved: 'resolved', waiting: 'replied' }[ticket.status] ?? 'respond_by';
    this.ticketBar.replaceChildren(
      h('strong', {}, texts.t('ticket', { number: ticket.number })), ' ', h('span', {}, texts.t(text, { time: texts.time(ticket.respond_by) })));
  }

  // A failure that is the site's and not the network's is explained to whoever built the page as well.
  #trouble(failure, message) {
    if (failure.passing) {
      if (!message) this.#notice('failed');
      return;
    }
    if (failure.status === 401 || failure.status === 403) {
      this.#notice('unavailable');
      console.error(failure.status === 403
        ? `deskhand: this key may not be used on ${location.origin}: deskhand key create --role widget --origin ${location.origin}`
        : `deskhand: the service refused the key or the customer's token (${failure.kind})`);
    } else {
      this.#notice('refused');
    }
    if (message) this.composer.fill(message.body);
  }

  #notice(key) {
    this.noticeBar.hidden = !key;
    this.noticeBar.textContent = key ? this.texts.t(key) : '';
  }

  #count(unread) {
    this.#unread = unread;
    this.badge.hidden = !unread;
    this.badge.textContent = unread;
    this.launcher.setAttribute('aria-label', unread ? `${this.texts.t('open')} (${unread})` : this.texts.t('open'));
  }

  // Shows a page over the conversation; page.close() and Escape lead back.
  #page(page) {
    const opener = this.shadowRoot.activeElement;
    this.main.hidden = true;
    this.panel.append(page.element);
    this.closePage = page.close = () => {
      page.element.remove();
      this.main.hidden = false;
      this.closePage = null;
      if (opener?.isConnected) opener.focus();
    };
    page.focus();
  }

  #key(event) {
    if (event.key === 'Escape' && !event.isComposing) {
      event.stopPropagation();
      if (this.closePage) this.closePage();
      else this.close();
    }
    // On a phone the panel is the whole screen: what lies behind it is out of reach of the Tab key too.
    if (event.key !== 'Tab' || !matchMedia('(max-width: 480px)').matches) return;
    const stops = [...this.panel.querySelectorAll('button, textarea, input, a[href]')].filter((e) => !e.disabled && e.getClientRects().length);
    const edge = event.shiftKey ? stops[0] : stops.at(-1);
    if (this.shadowRoot.activeElement === edge) {
      event.preventDefault();
      (event.shiftKey ? stops.at(-1) : stops[0]).focus();
    }
  }

  // Phones draw their keyboard over the page: the panel ends above it.
  #fitKeyboard() {
    const viewport = window.visualViewport;
    viewport?.addEventListener('resize', () => this.panel.style.setProperty('--height', `${viewport.height}px`));
  }
}
