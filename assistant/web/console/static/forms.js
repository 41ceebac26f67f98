// Forms that call a route of the service: data-send="POST /v1/…". What was typed stays until the service has it.
import { $, $$, send, refresh, tell, word } from './base.js';
import { held } from './case.js';

// bodyOf reads a form as the service wants it: fields that are empty and not required are left out.
function bodyOf(form) {
  const body = {};
  for (const field of $$('[name]', form)) {
    const text = field.value;
    switch (field.dataset.type) {
      case 'int': body[field.name] = Number(text); break;
      case 'bool': body[field.name] = field.checked; break;
      case 'list': body[field.name] = text.split(/[,\n]/).map((s) => s.trim()).filter(Boolean); break;
      case 'time': if (text) body[field.name] = new Date(text).toISOString(); break;
      default: if (text !== '' || field.required) body[field.name] = text;
    }
  }
  return body;
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
    try {
      const [method, address] = form.dataset.send.split(' ');
      const body = bodyOf(form);
      if ('claims' in form.dataset) await held();
      if ('versioned' in form.dataset) body.version = Number($('#case').dataset.version);
      const answer = await send(method, address, method === 'DELETE' ? undefined : body);
      await after[form.dataset.then](answer, form);
    } catch (refused) {
      error.textContent = refused.message;
    }
    form.ariaBusy = 'false';
  });
  $('#filters')?.addEventListener('change', (event) => filter(event.currentTarget));
  $('#filters')?.addEventListener('submit', (event) => { event.preventDefault(); filter(event.currentTarget); });
  const audit = $('#export');
  if (audit) audit.href += location.search;
}

// filter shows the list again for other filters, at an address that can be kept.
async function filter(form) {
  const query = new URLSearchParams();
  for (const field of $$('[name]', form)) {
    if (!field.checkValidity()) { field.reportValidity(); return; }
    if (field.type === 'checkbox' ? field.checked : field.value) query.set(field.name, field.value);
  }
  history.replaceState(null, '', `${location.pathname}?${query}`);
  if (!$('[data-region]')) { location.reload(); return; }
  await refresh().catch((error) => tell(error.message));
}

// What follows when the service has done it.
const after = {
  articles: () => location.assign('/console/articles'),
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
  told: () => tell(word('saved')),
  unmask: (answer, form) => {
    form.closest('dialog').close();
    const said = $$('#talk .said .words');
    answer.messages.forEach((message, i) => { if (said[i]) said[i].textContent = message.body; });
    tell(word('unmasked'));
  },
};
