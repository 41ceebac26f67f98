// A case: one box holds the draft. Sent as it is, the draft is accepted; changed, it is edited; with none, it is a reply of
// one's own. What was typed survives a refusal, a lost network, a reload and somebody else's change.
import { $, $$, refresh, send, tell, word } from './base.js';
import { keepOnRefresh } from './live.js';

const checkAfter = 400; // ms without a key before the guard is asked

const page = () => $('#case');
const box = () => $('#body');
const address = () => `/v1/tickets/${page().dataset.id}`;
const store = () => `reply:${page().dataset.id}`;

let current; // the box that draft belongs to
let draft = ''; // as the service gave it
let own = false; // the text is not made from the draft

export function startCase() {
  if (!page()) return;
  begin();
  keepOnRefresh((region) => Boolean($('dialog[open]')) || region.id === 'reply' && isDirty());
  document.addEventListener('refreshed', ({ detail }) => changed(detail.querySelector('#case')));
  document.addEventListener('click', (event) => {
    const step = event.target.closest('[data-step]')?.dataset.step;
    if (step) take(step);
    if (event.target.closest('#own')) write();
    if (event.target.closest('#undo')) undo();
  });
  document.addEventListener('submit', (event) => {
    if (event.target.id === 'composer') { event.preventDefault(); reply(); }
  });
  document.addEventListener('input', (event) => { if (event.target === box()) typed(); });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && event.target === box()) reply();
  });
}

const isDirty = () => Boolean(box()) && box() === current && box().value !== draft;

// begin takes the box as the service rendered it, and puts back what was typed before a reload.
function begin() {
  if (!box()) return;
  current = box();
  draft = box().defaultValue;
  own = !$('#composer').dataset.draft;
  const kept = sessionStorage.getItem(store());
  if (kept && box().value === draft) {
    ({ own } = JSON.parse(kept));
    box().value = JSON.parse(kept).text;
    typed();
  }
  markSources();
}

// changed notes the state of the case on a page that was fetched, and says so when somebody else has changed it.
function changed(fresh) {
  if (!fresh || !page()) return;
  const before = { ...page().dataset };
  for (const name of ['version', 'status', 'mine', 'held']) page().dataset[name] = fresh.dataset[name];
  const waiting = fresh.querySelector('#composer')?.dataset.draft ?? '';
  if (isDirty() && $('#composer').dataset.draft !== waiting) { // what the text was made from is not there any more
    own = true;
    $('#composer').dataset.draft = waiting;
    label();
  }
  if (!isDirty()) begin();
  else if (!sending && before.version !== fresh.dataset.version) warn(word(fresh.dataset.held && fresh.dataset.mine !== 'true' ? 'changed.held' : 'changed'));
}

function warn(message) {
  $('#banner').textContent = message;
  $('#banner').hidden = false;
}

function typed() {
  const text = box().value;
  if (isDirty()) sessionStorage.setItem(store(), JSON.stringify({ own, text }));
  else sessionStorage.removeItem(store());
  label();
  check(text);
}

function label() {
  const key = own ? 'send' : isDirty() ? 'send.edit' : 'accept';
  $('#send').firstChild.textContent = word(key);
  const undoing = $('#undo');
  if (undoing) undoing.hidden = !isDirty() && !own;
}

function write() {
  if (!box()) return;
  own = true;
  box().value = '';
  box().focus();
  label();
}

// insert puts a text where the cursor is, or at the end.
export function insert(text) {
  if (!box()) return;
  const { selectionEnd, selectionStart, value } = box();
  const placed = document.activeElement === box() || selectionStart; // else nobody has put the cursor anywhere yet
  box().setRangeText(text, placed ? selectionStart : value.length, placed ? selectionEnd : value.length, 'end');
  typed();
  box().focus();
}

// ask begins a question back to the customer.
export function ask(text) {
  write();
  insert(text);
}

// suggest puts another draft into the box: sent, it counts as the draft that waits, edited.
export function suggest(text) {
  if (!box()) return;
  own = !$('#composer').dataset.draft;
  box().value = text;
  typed();
  box().focus();
}

function undo() {
  own = false;
  box().value = draft;
  typed();
  box().focus();
}

// check asks the guard about a text, after the last key of several.
let checking;
let asked = 0;
function check(text) {
  clearTimeout(checking);
  checking = setTimeout(async () => {
    const mine = ++asked;
    if (!text.trim()) { show([]); return; }
    try {
      const { findings } = await send('POST', `${address()}/check`, { body: text });
      if (mine === asked) show(findings);
    } catch { /* it is asked again when the text is sent */ }
  }, checkAfter);
}

function show(findings) {
  $('#guard').replaceChildren(...findings.map(({ check: name, detail }) =>
    Object.assign(document.createElement('li'), { textContent: `${word(`check.${name}`)}: ${detail}` })));
}

// held makes sure that the ticket is the caller's: a ticket that nobody holds is claimed on the way.
export async function held() {
  if (page().dataset.mine === 'true') return;
  const ticket = await send('POST', `${address()}/claim`, { version: Number(page().dataset.version) });
  page().dataset.version = ticket.version;
  page().dataset.mine = 'true';
}

let sending = false;
async function reply() {
  if (sending || !box()) return;
  sending = true;
  $('#send-error').textContent = '';
  const draftID = $('#composer').dataset.draft;
  try {
    await held();
    const body = { version: Number(page().dataset.version) };
    if (own) Object.assign(body, { action: 'write', body: box().value });
    else if (isDirty()) Object.assign(body, { action: 'edit', draft_id: draftID, body: box().value });
    else Object.assign(body, { action: 'accept', draft_id: draftID });
    const ticket = await send('POST', `${address()}/reply`, body);
    page().dataset.version = ticket.version;
    $('#banner').hidden = true;
    sessionStorage.removeItem(store());
    draft = box().value;
    tell(word('sent'));
    await refresh();
  } catch (error) {
    $('#send-error').textContent = error.status === 409 ? `${error.message} ${word('kept')}` : error.message;
    if (error.status === 409) {
      sessionStorage.setItem(store(), JSON.stringify({ own, text: box().value }));
      await refresh((region) => region.id === 'reply').catch(() => {});
    }
  }
  sending = false;
}

async function take(step) {
  try {
    await send('POST', `${address()}/${step}`, { version: Number(page().dataset.version) });
  } catch (error) {
    warn(error.message);
  }
  await refresh((region) => region.id === 'reply' && isDirty()).catch((error) => tell(error.message));
}

// markSources shows which parts of the articles stand in the draft word for word.
function markSources() {
  const plain = (text) => text.replace(/[\s*_`#>-]+/g, ' ').trim();
  const text = plain(draft);
  if (!text) return;
  for (const block of $$('.source p, .source li')) {
    const own = plain(block.textContent);
    block.classList.toggle('used', own.length > 12 && (text.includes(own) || own.split(/(?<=[.!?。!?؟])\s*/u).some((s) => s.length > 12 && text.includes(s))));
  }
}
