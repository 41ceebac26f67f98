// What helps with a case: another draft, macros, questions to ask back, similar cases, translations.
import { $, $$, send, tell, word } from './base.js';
import { ask, insert, suggest } from './case.js';

const address = () => `/v1/tickets/${$('#case').dataset.id}`;
const make = (tag, text, className = '') => Object.assign(document.createElement(tag), { className, textContent: text });

export function startHelp() {
  if (!$('#case')) return;
  document.addEventListener('toggle', (event) => {
    if (event.target.matches?.('[data-load=similar]') && event.target.open) similar(event.target);
  }, true);
  document.addEventListener('click', (event) => {
    const target = event.target.closest('[data-translate], [data-ask], [data-macro], #translate, [data-opens=macros], [data-opens=ask]');
    if (!target) return;
    if (target.id === 'translate') $$('[data-translate]').forEach(translate);
    else if (target.dataset.translate) translate(target);
    else if (target.dataset.ask) { target.closest('dialog').close(); ask(target.dataset.ask); }
    else if (target.dataset.macro) { target.closest('dialog').close(); insert(macros[target.dataset.macro].text); }
    else if (target.dataset.opens === 'ask') questions = listQuestions();
    else listMacros();
  });
  document.addEventListener('submit', (event) => {
    if (event.target.id === 'again') { event.preventDefault(); again(event.target); }
    if (event.target.id === 'ask-back') { event.preventDefault(); askBack(event.target); }
    if (event.target.id === 'find-macro') { event.preventDefault(); $('#macros button:not([hidden])')?.click(); }
  });
  document.addEventListener('input', (event) => { if (event.target.id === 'macro-name') filterMacros(event.target.value); });
  document.addEventListener('refreshed', () => translations.forEach(showTranslation));
}

// again asks for another draft and puts it into the box. What stood there can be had back.
async function again(form) {
  if (form.ariaBusy === 'true') return;
  form.ariaBusy = 'true';
  const error = $('.error', form);
  error.textContent = '';
  try {
    const { body, citations } = await send('POST', `${address()}/suggest`, { instruction: form.elements.instruction.value });
    form.closest('dialog').close();
    suggest(body);
    tell([word('suggested'), ...citations.map((c) => c.title)].join(' '));
  } catch (refused) {
    error.textContent = refused.message;
  }
  form.ariaBusy = 'false';
}

// listQuestions shows what the case's intent needs to know. What the customer seems to have said is not ticked.
let questions;
async function listQuestions() {
  const list = $('#asks');
  list.replaceChildren();
  try {
    const found = await send('GET', `${address()}/questions`);
    const known = found.questions.filter(({ text }) => text);
    list.replaceChildren(...known.map(({ text, stated }) => {
      const label = make('label', '', 'check');
      const box = Object.assign(document.createElement('input'), { type: 'checkbox', checked: !stated, value: text });
      const words = make('span', text);
      words.dir = 'auto';
      words.lang = found.language;
      label.append(box, words);
      return label;
    }));
    const own = found.questions.filter(({ text }) => !text).flatMap(({ items }) => items);
    if (own.length) list.append(make('p', `${word('ask.only')} ${own.join(' · ')}`, 'hint'));
    if (!known.length) list.prepend(make('p', word('ask.none'), 'dim'));
    return found;
  } catch (refused) {
    $('#ask-back .error').textContent = refused.message;
    return undefined;
  }
}

// askBack puts the ticked questions into the box as one message.
async function askBack(form) {
  const found = await questions;
  const ticked = $$('input:checked', form).map((box) => `- ${box.value}`);
  if (!found || !ticked.length) return;
  form.closest('dialog').close();
  ask(`${found.intro}\n${ticked.join('\n')}\n\n${found.outro}`);
}

let macros = [];
async function listMacros() {
  const list = $('#macros');
  try {
    ({ macros } = await send('GET', `${address()}/macros`));
  } catch (refused) {
    list.replaceChildren(make('p', refused.message, 'error'));
    return;
  }
  list.replaceChildren(...macros.map(({ name, language, text }, i) => {
    const button = make('button', '', 'macro');
    button.type = 'button';
    button.dataset.macro = i;
    button.append(make('b', name), make('span', ` ${language}`, 'dim'), make('p', text));
    button.dir = 'auto';
    return button;
  }));
  if (!macros.length) list.append(make('p', word('macros.none'), 'dim'));
  filterMacros($('#macro-name').value);
}

function filterMacros(text) {
  const wanted = text.trim().toLocaleLowerCase();
  for (const button of $$('#macros button')) button.hidden = !button.textContent.toLocaleLowerCase().includes(wanted);
}

async function similar(details) {
  const list = $('ol', details);
  if (list.dataset.asked) return;
  list.dataset.asked = 'yes';
  list.replaceChildren(make('li', '…', 'dim'));
  try {
    const { cases } = await send('GET', `${address()}/similar`);
    list.replaceChildren(...cases.map((one) => {
      const item = make('li', '', 'similar');
      const link = make('a', one.number);
      link.href = `/console/tickets/${one.ticket_id}`;
      const by = make('div', '', 'by');
      by.append(link, ` · ${one.language} · ${Math.round(100 * one.score)} %`);
      const use = make('button', word('similar.use'));
      use.type = 'button';
      use.addEventListener('click', () => insert(one.reply));
      item.append(by, make('p', one.question, 'words'), make('p', one.reply, 'words note'), use);
      for (const p of $$('p', item)) p.dir = 'auto';
      return item;
    }));
    if (!cases.length) list.replaceChildren(make('li', word('similar.none'), 'dim'));
    details.scrollIntoView({ block: 'start' });
  } catch (refused) {
    delete list.dataset.asked;
    list.replaceChildren(make('li', refused.message, 'error'));
  }
}

const translations = new Map(); // by message
async function translate(button) {
  const id = button.dataset.translate;
  if (translations.has(id)) return;
  button.disabled = true;
  try {
    const { text } = await send('POST', `${address()}/translate`, { message_id: id, language: document.documentElement.lang });
    translations.set(id, { text });
  } catch (refused) {
    translations.set(id, { error: refused.message });
    showTranslation(translations.get(id), id);
    translations.delete(id); // it may be asked for again
  }
  button.disabled = translations.has(id);
  if (button.disabled) showTranslation(translations.get(id), id);
}

function showTranslation({ text, error }, id) {
  const place = $(`[data-translated="${id}"]`);
  if (place) place.replaceChildren(make('div', text ?? error, text ? 'words' : 'error'), ...(text ? [make('p', word('translation.warning'), 'hint')] : []));
}
