// widget.mjs: the chat as an ES module.
//
//   import { mount } from 'https://desk.example/widget.mjs';
//   const chat = mount({ key: 'dh_widget_…', token: async () => (await fetch('/support-token')).text() });
//   chat.open();
import { Widget } from './element.js';

if (!customElements.get('deskhand-widget')) customElements.define('deskhand-widget', Widget);

/**
 * Puts the chat on the page, once: a second call returns the first one's element.
 * @param {object} options
 * @param {string} options.key the widget key, dh_widget_…
 * @param {string} [options.base] where deskhand is; where this module came from, when not given
 * @param {string} [options.locale] BCP 47 tag; else the page's language, else the browser's
 * @param {string} [options.theme] light or dark; else what the customer's system prefers
 * @param {string} [options.side] start or end, of the line
 * @param {string} [options.name] of the desk, as the chat's title
 * @param {string} [options.articleUrl] https://help.example/{locale}/{slug}
 * @param {string|function(): string|Promise<string>} [options.token] the customer's signed token, or what fetches one
 * @param {string} [options.tokenFrom] the name of a global function that does
 */
export function mount(options) {
  const found = document.querySelector('deskhand-widget');
  if (found) return found;
  const widget = document.createElement('deskhand-widget');
  widget.configure(options);
  if (document.body) document.body.append(widget);
  else document.addEventListener('DOMContentLoaded', () => document.body.append(widget), { once: true });
  return widget;
}
