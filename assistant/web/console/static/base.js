// What all scripts of the console share: requests, words, and showing the page again.

export const $ = (selector, from = document) => from.querySelector(selector);
export const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

// focusFirst puts the focus where work begins. Who has put it somewhere else before the scripts were there keeps it: a password
// that is being typed must not go on in the field above.
export function focusFirst(selector) {
  if (document.activeElement === document.body) $(selector)?.focus({ preventScroll: true, focusVisible: true });
}

// lines are the lines of a text that hold something.
export const lines = (text) => text.split('\n').map((line) => line.trim()).filter(Boolean);

// word returns a text of the interface in the page's language.
export function word(key) {
  return $(`#words`).content.querySelector(`[data-word="${key}"]`)?.textContent ?? key;
}

// Refused is an answer that is not what was asked for. Its message may be shown.
export class Refused extends Error {
  constructor(problem, status) {
    const fields = (problem.errors ?? []).filter((e) => !problem.detail?.includes(e.message)).map((e) => `${e.field}: ${e.message}`);
    super([problem.detail, ...fields].filter(Boolean).join(' · ') || problem.title || String(status));
    this.status = status;
    this.fields = (problem.errors ?? []).map((e) => e.field);
  }
}

// Unreachable says that nothing is known of whether the request arrived.
export class Unreachable extends Error {
  constructor() { super(word('unreachable')); }
}

// send calls a route of the service: send('POST', '/v1/…', {…}).
export async function send(method, address, body) {
  const headers = { 'X-CSRF-Token': document.body.dataset.csrf };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetch(address, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal: AbortSignal.timeout(20_000),
    });
  } catch {
    throw new Unreachable();
  }
  const answer = response.status === 204 ? {} : await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(answer, response.status);
  return answer;
}

// tell shows a short message. It is read aloud and goes by itself.
let telling;
export function tell(message) {
  const toast = $('#toast');
  toast.textContent = message;
  clearTimeout(telling);
  telling = setTimeout(() => { toast.textContent = ''; }, 6000);
}

const tags = new Map(); // of the pages that were fetched, by address
let asked = 0; // looks that began
let shown = 0; // the latest of them that is on the page
const seen = new Map(); // what the service last said of a region, by its id

// refresh shows the page again. keep is asked for each region, and may say that it stays as it is.
// It returns the new page, or nothing when all is as it was.
export async function refresh(keep = () => false) {
  const address = location.href;
  const mine = ++asked;
  const headers = { 'X-Fragment': '1' };
  if (tags.has(address)) headers['If-None-Match'] = tags.get(address);
  let response;
  try {
    response = await fetch(address, { headers, cache: 'no-store', signal: AbortSignal.timeout(10_000) });
  } catch {
    throw new Unreachable();
  }
  if (response.status === 304 || address !== location.href) return undefined;
  if (response.status === 401) {
    location.assign(`/console/log-in?to=${encodeURIComponent(location.pathname + location.search)}`);
    return undefined;
  }
  if (!response.ok) throw new Refused({ title: word('unreachable') }, response.status);
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  if (mine < shown) return undefined; // a later look was faster
  shown = mine;
  tags.set(address, response.headers.get('ETag'));
  for (const region of $$('[data-region]')) {
    const fresh = page.getElementById(region.id);
    if (!fresh || seen.get(region.id) === fresh.innerHTML) continue;
    if (keep(region)) { tags.delete(address); continue; } // it is asked for again
    seen.set(region.id, fresh.innerHTML);
    replace(region, fresh);
  }
  document.dispatchEvent(new CustomEvent('refreshed', { detail: page }));
  return page;
}

// replace puts new content in and leaves the focus, what was typed and what was unfolded as they are.
function replace(region, fresh) {
  const active = region.contains(document.activeElement) ? document.activeElement : null;
  const mark = active && (active.id ? `#${CSS.escape(active.id)}` : active.dataset.id ? `[data-id="${active.dataset.id}"]` : '');
  const open = $$('details[open]', region).map((d) => d.dataset.keep ?? d.className);
  const typed = $$('textarea, input:not([type=hidden])', region).filter((f) => f.id).map((f) => [f.id, f.value]);
  const loaded = $$('details[data-load][open]', region); // what was fetched for it is not in the page
  region.replaceChildren(...document.importNode(fresh, true).childNodes);
  for (const details of loaded) $(`[data-load="${details.dataset.load}"]`, region)?.replaceWith(details);
  for (const details of $$('details', region)) if (open.includes(details.dataset.keep ?? details.className)) details.open = true;
  if (region.id !== 'reply') for (const [id, value] of typed) { const field = document.getElementById(id); if (field) field.value = value; }
  if (!mark) return;
  const again = $(mark, region);
  again?.focus({ preventScroll: true });
  if (active.selectionStart != null) again?.setSelectionRange?.(active.selectionStart, active.selectionEnd);
}
