// A review: a label is given with its key, and the note that was written by then goes with it.
import { $ } from './base.js';

export function startReview() {
  const form = $('#label');
  if (!form) return;
  form.addEventListener('click', (event) => {
    const label = event.target.closest('[data-label]')?.dataset.label;
    if (!label) return;
    $('[name=label]', form).value = label;
    form.requestSubmit();
  });
}
