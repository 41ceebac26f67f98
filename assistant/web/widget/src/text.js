// Plain text as the desk sends it: paragraphs, lines that begin with a dash or a number, and addresses of the web.
import { h } from './dom.js';

const bullet = /^\s*[-•*]\s+(.*)$/;
const step = /^\s*(\d{1,3})[.)、]\s*(.*)$/;
const link = /https:\/\/[^\s<>"'（）()，。；、]+[^\s<>"'（）()，。；、.,;:!?]/g;

/** Returns the elements that show a text. linked also makes its web addresses links: only for what the desk has checked. */
export function render(text, linked) {
  const blocks = [];
  let list = null;
  for (const line of text.split('\n')) {
    const found = step.exec(line) || bullet.exec(line);
    if (!found) {
      list = null;
      if (line.trim()) blocks.push(h('p', {}, linked ? withLinks(line) : line));
      continue;
    }
    const tag = found.length > 2 ? 'ol' : 'ul';
    if (!list || list.localName !== tag) {
      list = h(tag, tag === 'ol' && found[1] !== '1' ? { start: found[1] } : {});
      blocks.push(list);
    }
    const words = found[found.length - 1];
    list.append(h('li', {}, linked ? withLinks(words) : words));
  }
  return blocks;
}

function withLinks(line) {
  const parts = [];
  let at = 0;
  for (const found of line.matchAll(link)) {
    parts.push(line.slice(at, found.index), h('a', { href: found[0], rel: 'noopener noreferrer', target: '_blank' }, found[0]));
    at = found.index + found[0].length;
  }
  parts.push(line.slice(at));
  return parts;
}

/** The address of an article, or null: a template that does not lead to a web page makes no link. */
export function articleURL(template, citation) {
  if (!template) return null;
  // Template engines write the braces as %7B and %7D.
  const address = template.replace(/(?:\{|%7B)(locale|slug)(?:\}|%7D)/gi, (place, name) => encodeURIComponent(citation[name.toLowerCase()]));
  try {
    const url = new URL(address, document.baseURI);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
  } catch {
    return null;
  }
}
