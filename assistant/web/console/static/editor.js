// The editor of articles shows what customers will read while somebody types.
import { $, send, word } from './base.js';
import { bodyOf } from './forms.js';

const previewAfter = 250; // ms without a key
const pollEvery = 1000; // ms between looks at a check

export function startEditor() {
  const source = $('#source');
  if (!source) return;
  $('#impact').addEventListener('click', () => tryOut($('#impact')));
  $('#check').addEventListener('click', () => check($('#check')));
  let planned;
  source.addEventListener('input', () => {
    clearTimeout(planned);
    planned = setTimeout(async () => {
      const text = source.value;
      const response = await fetch('/console/preview', { method: 'POST', body: text }).catch(() => null);
      if (!response?.ok || text !== source.value) return;
      const page = new DOMParser().parseFromString(await response.text(), 'text/html');
      $('#preview').replaceChildren(...document.importNode(page.body, true).childNodes);
    }, previewAfter);
  });
}

const item = (tag, text, className = '') => Object.assign(document.createElement(tag), { className, textContent: text });

// tryOut says for which recent questions the article as it stands in the form would answer otherwise. A second press stops it.
let running;
async function tryOut(button) {
  if (running) { running.stopped = true; return; }
  const run = running = { stopped: false };
  const form = button.form;
  const { version, ...article } = bodyOf(form);
  article.slug ??= button.dataset.slug;
  article.locale ??= button.dataset.locale;
  $('#impact-place').hidden = false;
  $('#impacts').replaceChildren();
  $('#impact-state').textContent = '';
  const bar = $('#impact-progress');
  bar.hidden = false;
  bar.value = 0;
  let found = 0;
  try {
    for (let offset = 0; offset !== undefined && !run.stopped;) {
      const page = await send('POST', '/v1/articles/impact', { ...article, offset });
      bar.max = page.total || 1;
      bar.value = page.tried;
      found += page.questions.length;
      $('#impacts').append(...page.questions.map(impact));
      $('#impact-state').textContent = `${page.tried} / ${page.total} · ${found} ${word('impact.found')}`;
      offset = page.next;
    }
  } catch (refused) {
    $('#impact-state').textContent = refused.message;
  }
  bar.hidden = true;
  running = undefined;
}

// check runs the desk's suite with the article as it stands in the form, as if it were published, and says what would get worse.
async function check(button) {
  if (button.ariaBusy === 'true') return;
  button.ariaBusy = 'true';
  const { version, ...article } = bodyOf(button.form);
  article.slug ??= button.dataset.slug;
  article.locale ??= button.dataset.locale;
  article.status = 'published';
  $('#check-place').hidden = false;
  $('#checks').replaceChildren();
  const state = $('#check-state');
  const bar = $('#check-progress');
  state.textContent = '';
  bar.hidden = false;
  bar.removeAttribute('value');
  try {
    let seen = await send('POST', '/v1/articles/check', article);
    while (seen.status === 'waiting' || seen.status === 'running') {
      await new Promise((resolve) => { setTimeout(resolve, pollEvery); });
      seen = await send('GET', `/v1/evals/checks/${seen.id}`);
      if (seen.total) { bar.max = seen.total; bar.value = seen.done; }
      state.textContent = seen.total ? `${seen.done} / ${seen.total}` : '';
    }
    state.textContent = `${word(`check.${seen.status}`)} ${seen.problem ?? ''}`;
    $('#checks').append(
      ...seen.findings.map(({ held, rule, detail }) => item('li', `${held ? '✓' : '✗'} ${rule} · ${detail}`)),
      ...seen.worse.map((id) => item('li', `${word('check.worse')} ${id}`, 'error')),
      ...seen.better.map((id) => item('li', `${word('check.better')} ${id}`)),
    );
  } catch (refused) {
    state.textContent = refused.message;
  }
  bar.hidden = true;
  button.ariaBusy = 'false';
}

function impact({ question, effect, before, after }) {
  const entry = item('li', '', 'impact');
  const texts = item('div', '', 'two');
  texts.append(item('p', before, 'words'), item('p', after, 'words'));
  entry.append(item('span', word(`impact.${effect}`), effect === 'lost' ? 'chip risk' : 'chip'), item('b', ` ${question}`), texts);
  entry.dir = 'auto';
  return entry;
}
