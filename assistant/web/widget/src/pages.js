// What is shown over the conversation for a moment: a rating of all of it, and the question whether somebody is the desk.
import { h, newID } from './dom.js';

// close is set by who shows the page.
function newPage(t, title, ...content) {
  const page = { close: () => {} };
  const back = h('button', { class: 'link', onclick: () => page.close(), type: 'button' }, t('back'));
  page.element = h('div', { 'aria-label': t(title), class: 'page', role: 'group' }, h('h3', {}, t(title)), content, back);
  return page;
}

/** A rating from 1 to 5 with a comment; feedback is what the customer said before, or null. */
export function ratingPage({ feedback, onsend, t }) {
  const group = newID();
  const scale = h('fieldset', { class: 'scale' }, h('legend', { class: 'hidden' }, t('rate')), [1, 2, 3, 4, 5].map((value) =>
    h('label', {}, h('input', { checked: feedback?.rating === value, name: group, required: true, type: 'radio', value }), h('span', { 'aria-hidden': 'true' }, '★'),
      h('span', { class: 'hidden' }, t('of_five', { n: value })))));
  const comment = h('textarea', { 'aria-label': t('comment'), maxlength: '2000', placeholder: t('comment'), rows: '3' }, feedback?.comment);
  const said = h('p', { class: 'said', role: 'status' });
  const form = h('form', {
    onsubmit: async (event) => {
      event.preventDefault();
      try {
        await onsend(Number(new FormData(form).get(group)), { comment: comment.value.trim() });
        form.replaceChildren();
        said.textContent = t('thanks');
      } catch {
        said.textContent = t('failed');
      }
    },
  }, scale, comment, h('button', { class: 'primary' }, t('submit')));
  return Object.assign(newPage(t, 'rate', form, said), { focus: () => (scale.querySelector(':checked') ?? scale.querySelector('input')).focus() });
}

/** Is a contact the desk's? A service without that route is asked in the conversation instead. */
export function verifyPage({ api, onask, t }) {
  const input = h('input', { 'aria-label': t('contact'), autocomplete: 'off', maxlength: '500', placeholder: t('contact'), required: true, spellcheck: 'false' });
  const said = h('div', { class: 'verdicts', role: 'status' });
  const form = h('form', {
    onsubmit: async (event) => {
      event.preventDefault();
      const contact = input.value.trim();
      if (!contact) return;
      try {
        const { contacts, official } = await api.verify(contact);
        const verdicts = contacts.map(({ imitates, standing, statement }) =>
          h('p', { class: `said ${standing}`, dir: 'auto' }, statement, imitates ? ` ${t('imitates', { official: imitates.official })}` : ''));
        said.replaceChildren(
          ...(verdicts.length ? verdicts : [h('p', { class: 'said unknown' }, t('is_unknown'))]),
          ...(official.length ? [h('h4', {}, t('official_list')), h('ul', {}, official.map((channel) => h('li', { dir: 'auto' }, channel)))] : []));
      } catch {
        page.close();
        onask(t('verify_ask', { contact }));
      }
    },
  }, h('p', {}, t('verify_hint')), input, h('button', { class: 'primary' }, t('check')));
  const page = Object.assign(newPage(t, 'verify', form, said), { focus: () => input.focus() });
  return page;
}
