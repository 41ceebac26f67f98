// Times as people read them, by the service's clock: the machine's own may be wrong by a day.
import { $$ } from './base.js';

const ahead = Number(document.body.dataset.now) - Date.now(); // of the service's clock before this machine's

export const now = () => Date.now() + ahead;

// left is the time until a moment, as the service writes it too: "12m", "-3h".
export function left(until) {
  const minutes = Math.trunc((until - now()) / 60_000);
  const size = Math.abs(minutes);
  if (size < 120) return `${minutes}m`;
  if (size < 48 * 60) return `${Math.trunc(minutes / 60)}h`;
  return `${Math.trunc(minutes / 1440)}d`;
}

function show() {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'short', timeStyle: 'short' });
  for (const time of $$('time[datetime]')) {
    const at = new Date(time.dateTime);
    if ('due' in time.dataset) {
      time.textContent = left(at.getTime());
      time.title = format.format(at);
      time.closest('.row')?.classList.toggle('late', at.getTime() < now());
    } else if ('when' in time.dataset) {
      time.textContent = format.format(at);
    }
  }
}

// momentOf is the time that a field says. One that nobody changed says what the service said, to the second.
export function momentOf(field) {
  return field.value === field.dataset.shown ? field.dataset.at : new Date(field.value).toISOString();
}

// local writes a moment as fields for times take it: in the time zone of the machine, to the minute.
function local(at) {
  const moved = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return moved.toISOString().slice(0, 16);
}

export function keepTime() {
  for (const field of $$('input[data-at]')) field.value = field.dataset.shown = local(new Date(field.dataset.at));
  show();
  setInterval(show, 15_000);
  document.addEventListener('refreshed', show);
}
