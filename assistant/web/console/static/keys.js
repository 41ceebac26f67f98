// Every action has a key: an element with data-key is clicked by it, or gets the focus when it is a field.
import { $, $$ } from './base.js';

// A field of a dialog that was just closed keeps the focus until the next frame; nobody types into it.
const typing = (el) => el.matches?.('input:not([type=checkbox]), textarea, select, [contenteditable]') && el.getClientRects().length > 0;

export function listenForKeys() {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if ($('dialog[open]')) return; // it has its own keys: Escape closes it
    if (typing(event.target)) {
      if (event.key === 'Escape') { event.target.blur(); event.preventDefault(); }
      return;
    }
    const element = $$('[data-key]').find((el) => el.dataset.key === event.key && !el.disabled && !el.hidden);
    if (!element) return;
    event.preventDefault();
    press(element);
  });
  $('#help-button')?.addEventListener('click', showHelp);
  document.addEventListener('click', (event) => {
    const opener = event.target.closest('[data-opens]');
    if (opener) open($(`#d-${opener.dataset.opens}`));
    const closer = event.target.closest('[data-close]');
    if (closer) closer.closest('dialog').close();
  });
}

// press does what a click would; a field, and what must not go off by one key, gets the focus instead.
function press(element) {
  if ('focus' in element.dataset || element.matches('input:not([type=checkbox]), textarea')) {
    element.focus();
    return;
  }
  element.click();
  if (element.localName === 'summary') element.scrollIntoView({ block: 'start' }); // what a key unfolds is seen
}

function open(dialog) {
  if (!dialog) return;
  $('.error', dialog).textContent = '';
  dialog.showModal();
}

// showHelp lists the keys of this page as they are now.
function showHelp() {
  const list = $('#help-list');
  list.replaceChildren();
  for (const element of $$('[data-key]')) {
    if (element.disabled) continue;
    const name = element.getAttribute('aria-label') || element.labels?.[0]?.textContent || ownText(element);
    const key = document.createElement('dt');
    const what = document.createElement('dd');
    key.append(Object.assign(document.createElement('kbd'), { textContent: element.dataset.key }));
    what.textContent = name.trim();
    list.append(key, what);
  }
  for (const extra of list.closest('dialog').ownerDocument.querySelectorAll('[data-more-keys]')) extra.remove();
  $('#help').showModal();
}

function ownText(element) {
  const copy = element.cloneNode(true);
  for (const kbd of $$('kbd', copy)) kbd.remove();
  return copy.textContent;
}
