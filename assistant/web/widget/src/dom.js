// Elements from words. Text becomes text nodes and never markup: there is no innerHTML in the widget.

/** h('a', { href, onclick }, 'text', child): properties that start with on are listeners, null and false are left out. */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** icon(path, 'flip'): a drawing of 24 by 24, which says nothing to a screen reader; flip mirrors it where lines run from right to left. */
export function icon(path, part = '') {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  if (part) svg.setAttribute('class', part);
  const shape = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  shape.setAttribute('d', path);
  svg.append(shape);
  return svg;
}

export const icons = {
  chat: 'M4 5.5A1.5 1.5 0 0 1 5.5 4h13A1.5 1.5 0 0 1 20 5.5v9a1.5 1.5 0 0 1-1.5 1.5H10l-4.5 4v-4A1.5 1.5 0 0 1 4 14.5z',
  close: 'M6 6l12 12M18 6L6 18',
  down: 'M7 14V4h9.3a1.7 1.7 0 0 1 1.7 1.4l1.2 6a1.7 1.7 0 0 1-1.7 2.1H14l.7 3.9a2 2 0 0 1-2 2.3L9 14H7m0 0H4V4h3',
  restart: 'M12 5v14M5 12h14',
  send: 'M5 12h13M12.5 6l6 6-6 6',
  up: 'M7 10v10h9.3a1.7 1.7 0 0 0 1.7-1.4l1.2-6a1.7 1.7 0 0 0-1.7-2.1H14l.7-3.9a2 2 0 0 0-2-2.3L9 10H7m0 0H4v10h3',
};

/** An id that cannot be guessed, also on a page without TLS, where crypto.randomUUID is not there. */
export function newID() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
