// What leads keep: notices, channels and the policy.
import { $, lines, refresh, send, tell, word } from './base.js';

const item = (tag, text, className = '') => Object.assign(document.createElement(tag), { className, textContent: text });

// shown are the answers that are shown on the page.
export const shown = {
  incident: (answer) => location.assign(`/console/incidents/${answer.id}`),
  notices: ({ intent, language, notices, person }) => {
    const place = $('#notices');
    place.replaceChildren(item('p', `${intent} · ${language}`, 'by'));
    if (person.length) place.append(item('p', `${place.dataset.person} ${person.join(', ')}`, 'error'));
    for (const { id, language: tag, text } of person.length ? [] : notices) {
      const said = item('div', text, 'note');
      said.dir = 'auto';
      place.append(item('p', `#${id} · ${tag}`, 'by'), said);
    }
    if (!person.length && !notices.length) place.append(item('p', place.dataset.none));
  },
  verified: ({ contacts }) => {
    const list = $('#verified');
    list.replaceChildren(...contacts.map(({ contact, standing, imitates }) => item('li',
      `${contact} · ${word(`channel.${standing}`)}${imitates ? ` · ${word('imitates')} ${imitates.official} (${imitates.sign})` : ''}`,
      standing === 'official' ? '' : 'error')));
    if (!contacts.length) list.append(item('li', list.dataset.none));
  },
};

export function startLead() {
  document.addEventListener('click', (event) => {
    const row = event.target.closest('[data-row]');
    if (event.target.closest('#add-rule')) {
      $('#rules').append($('#new-rule').content.cloneNode(true));
      $('#rules [data-row]:last-child input').focus();
    } else if (row && event.target.closest('[data-drop]')) {
      row.remove();
    } else if (row && event.target.closest('[data-up]')) {
      row.previousElementSibling?.before(row);
      event.target.focus();
    }
  });
  $('#fakes')?.addEventListener('submit', (event) => { event.preventDefault(); importFakes(event.currentTarget); });
}

// contact reads a line of the list: a handle follows its platform, "telegram @name".
function contact(line) {
  const [, platform, value] = line.match(/^([a-z0-9]+)[\s:]+(@\S+)$/i) ?? [];
  return platform ? { kind: 'handle', platform: platform.toLowerCase(), value } : { value: line };
}

// importFakes adds one contact after the other. What was refused stays in the box, so the rest can be mended and sent again.
async function importFakes(form) {
  if (form.ariaBusy === 'true') return;
  form.ariaBusy = 'true';
  const box = $('textarea', form);
  const values = [...new Set(lines(box.value))];
  const bar = $('#fakes-progress');
  const refused = [];
  let added = 0;
  let known = 0;
  let why = '';
  bar.hidden = false;
  bar.max = values.length;
  for (const [i, value] of values.entries()) {
    try {
      await send('POST', '/v1/channels', { standing: 'known_fake', ...contact(value) });
      added++;
    } catch (error) {
      if (error.status === 409) known++;
      else { refused.push(value); why ||= error.message; }
      if (error.status === undefined) { refused.push(...values.slice(i + 1)); break; }
    }
    bar.value = i + 1;
  }
  box.value = refused.join('\n');
  bar.hidden = true;
  $('.error', form).textContent = why;
  $('#fakes-done').textContent = [`${word('import.done')} ${added}`, known && `${word('import.known')} ${known}`,
    refused.length && `${word('import.refused')} ${refused.length}`].filter(Boolean).join(' · ');
  form.ariaBusy = 'false';
  await refresh().catch((error) => tell(error.message));
}
