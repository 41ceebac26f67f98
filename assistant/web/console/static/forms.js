// Forms that call a route of the service: data-send="POST /v1/…". What was typed stays until the service has it.
import { $, $$, lines, send, refresh, tell, word } from './base.js';
import { held } from './case.js';
import { momentOf, now } from './time.js';
import { shown } from './lead.js';

const filterAfter = 250; // ms without a key before a list is asked for again

// bodyOf reads a form as the service wants it: fields that are empty and not required are left out.
export function bodyOf(form) {
  const body = {};
  for (const field of $$('[name]', form)) if (!field.closest('[data-row]')) put(body, field);
  for (const list of $$('[data-list]', form)) {
    const rows = $$('[data-row]', list).map((row) => {
      const entry = {};
      for (const field of $$('[name]', row)) put(entry, field);
      return entry;
    });
    place(body, list.dataset.list, rows.filter((row) => Object.keys(row).length));
  }
  return body;
}

// put adds what a field says, in the type that the service wants.
function put(body, field) {
  const text = field.value;
  switch (field.dataset.type) {
    case 'int': case 'float': if (text !== '') place(body, field.name, Number(text)); break;
    case 'bool': place(body, field.name, field.checked); break;
    case 'json': place(body, field.name, JSON.parse(text)); break;
    case 'list': place(body, field.name, text.split(/[,\n]/).map((s) => s.trim()).filter(Boolean)); break;
    case 'sums': place(body, field.name, Object.fromEntries(lines(text).map((line) => {
      const [asset, sum] = line.split(/[\s:=]+/);
      return [asset, sum === undefined || Number.isNaN(Number(sum)) ? 0 : Number(sum)]; // the service refuses 0 and names the asset
    }))); break;
    case 'time': if (text) place(body, field.name, momentOf(field)); break;
    default: if (text !== '' || field.required) place(body, field.name, text);
  }
}

// place sets body.a.b for the name "a.b".
function place(body, name, value) {
  const path = name.split('.');
  const last = path.pop();
  let at = body;
  for (const part of path) at = at[part] ??= {};
  at[last] = value;
}

// blame marks the fields that a refusal names, and leads to the first.
function blame(form, refused) {
  const named = $$('[name]', form).filter((field) => refused.fields?.some((name) => name === field.name || name.startsWith(`${field.name}.`) || name.startsWith(`${field.name}[`)));
  for (const field of named) field.ariaInvalid = 'true';
  named[0]?.closest('details')?.setAttribute('open', '');
  named[0]?.focus();
}

export function listenForForms() {
  document.addEventListener('submit', async (event) => {
    const form = event.target;
    if (!form.dataset.send) return;
    event.preventDefault();
    if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) return;
    if (form.ariaBusy === 'true') return; // a second press of the same key
    form.ariaBusy = 'true';
    const error = $('.error', form);
    error.textContent = '';
    for (const field of $$('[aria-invalid]', form)) field.ariaInvalid = null;
    try {
      const [method, address] = form.dataset.send.split(' ');
      const body = bodyOf(form);
      const starting = event.submitter?.dataset.now;
      if (starting) body[starting] = new Date(now() - 1000).toISOString();
      if ('claims' in form.dataset) await held();
      if ('versioned' in form.dataset) body.version = Number($('#case').dataset.version);
      const answer = await send(method, address, method === 'DELETE' ? undefined : body);
      await after[form.dataset.then](answer, form);
    } catch (refused) {
      error.textContent = refused.message;
      blame(form, refused);
      if (form.dataset.then === 'stage' && refused.status === 401) await stillIn();
    }
    form.ariaBusy = 'false';
  });
  $('#filters')?.addEventListener('change', (event) => filter(event.currentTarget));
  $('#filters')?.addEventListener('submit', (event) => { event.preventDefault(); filter(event.currentTarget); });
  let typing;
  $('#filters')?.addEventListener('input', (event) => {
    if (event.target.type !== 'search') return;
    const form = event.currentTarget;
    clearTimeout(typing);
    typing = setTimeout(() => filter(form), filterAfter);
  });
  const finding = $('[data-finds]');
  finding?.addEventListener('input', () => find(finding));
  finding?.form.addEventListener('submit', (event) => event.preventDefault());
  document.addEventListener('refreshed', () => { if (finding) find(finding); });
  exportAsShown();
}

// find hides the rows of a list that is whole on the page unless they have each of the words.
function find(field) {
  const words = field.value.toLocaleLowerCase().split(/\s+/);
  for (const row of document.getElementById(field.dataset.finds).rows) {
    const text = [...row.cells].map((cell) => $('select', cell)?.selectedOptions[0].text ?? cell.textContent).join(' ').toLocaleLowerCase();
    row.hidden = !words.every((one) => text.includes(one));
  }
}

// exportAsShown has the export hold what the filters select.
function exportAsShown() {
  const link = $('#export');
  if (link) link.search = location.search;
}

// stillIn leads back to the log-in when there is no session to go on with: it has expired, or a step was taken whose answer was lost.
async function stillIn() {
  if (!document.body.dataset.csrf) return; // this is the first step
  await send('GET', '/v1/session').catch(({ status }) => { if (status === 401) location.reload(); });
}

// filter shows the list again for other filters, at an address that can be kept.
async function filter(form) {
  const query = new URLSearchParams();
  for (const field of $$('[name]', form)) {
    if (!field.checkValidity()) { field.reportValidity(); return; }
    if (field.type === 'checkbox' ? field.checked : field.value) query.set(field.name, field.value);
  }
  const address = `${location.pathname}?${query}`;
  if (address === location.pathname + location.search) return; // Enter after the last key was heard, or the focus left the field
  history.replaceState(null, '', address);
  exportAsShown();
  if (!$('[data-region]')) { location.reload(); return; }
  await refresh().catch((error) => tell(error.message));
}

// What follows when the service has done it.
const after = {
  ...shown,
  codes: (answer) => {
    document.body.dataset.csrf = answer.session.csrf_token;
    $('#codes-list').textContent = answer.recovery_codes.join('\n');
    $('#codes').hidden = false;
    $('#confirm').hidden = true;
    $('#codes a').focus();
  },
  factor: (answer, form) => {
    $('#factor-secret').textContent = answer.secret;
    $('#factor-uri').href = answer.uri;
    $('#factor-qr').replaceChildren(new DOMParser().parseFromString(answer.qr, 'image/svg+xml').documentElement);
    $('#confirm').hidden = false;
    form.hidden = true;
    $('#confirm input').focus();
  },
  out: () => { sessionStorage.clear(); location.assign('/console/log-in'); },
  refresh: async (_, form) => {
    form.closest('dialog')?.close();
    form.reset();
    await refresh();
  },
  reload: () => location.reload(),
  secret: (answer) => {
    $('#secret code').textContent = answer.password ?? answer.secret;
    $('#secret').hidden = false;
    $('#secret').scrollIntoView();
  },
  stage: (answer, form) => {
    if (answer.stage === 'active') location.assign(form.dataset.to);
    else location.reload();
  },
  to: (_, form) => location.assign(form.dataset.to),
  told: () => tell(word('saved')),
  unmask: (answer, form) => {
    form.closest('dialog').close();
    const said = $$('#talk .said .words');
    answer.messages.forEach((message, i) => { if (said[i]) said[i].textContent = message.body; });
    tell(word('unmasked'));
  },
};
