// The queue: a row is selected with j and k or the arrows, and opened with Enter.
import { $, $$, focusFirst, send, tell, word } from './base.js';

export function startQueue() {
  if (document.body.dataset.page !== 'queue') return;
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $('dialog[open]')) return;
    if (event.target.matches('input, select, textarea')) return;
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    const rows = $$('.row');
    if (step && rows.length) {
      const at = rows.indexOf(document.activeElement);
      rows[Math.min(rows.length - 1, Math.max(0, at + step))].focus();
      event.preventDefault();
    }
  });
  focusFirst('.row');
  $('#next').addEventListener('click', async () => {
    try {
      const { ticket } = await send('POST', '/v1/tickets/next', {});
      if (ticket) location.assign(`/console/tickets/${ticket.id}`);
      else tell(word('next.none'));
    } catch (error) {
      tell(error.message);
    }
  });
}
