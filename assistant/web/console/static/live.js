// The page follows what happens at the desk: by the service's stream of events where there is one, else by looking.
import { $, refresh, Unreachable, word } from './base.js';

const lookEvery = 700; // ms: a hand-off is seen within a second
const stayEvery = 10_000; // ms: who has a case open says so this often
const atMost = 200; // ms between two looks when events come fast

let keep = () => false;
// keepOnRefresh says which regions stay while somebody works in them.
export function keepOnRefresh(decide) { keep = decide; }

export async function look() {
  try {
    await refresh(keep);
    $('#net').textContent = '';
  } catch (error) {
    if (error instanceof Unreachable) $('#net').textContent = word('offline');
  }
}

export function followDesk() {
  const { events, eventNames } = document.body.dataset;
  if (events) {
    const stream = new EventSource(events);
    let planned;
    const soon = () => { planned ??= setTimeout(() => { planned = undefined; look(); }, atMost); };
    for (const name of [...eventNames.split(' '), 'reset']) stream.addEventListener(name, soon);
    stream.addEventListener('error', () => { $('#net').textContent = navigator.onLine ? '' : word('offline'); soon(); });
    document.addEventListener('visibilitychange', () => { if (!document.hidden) soon(); });
    setInterval(() => { if (!document.hidden) soon(); }, stayEvery);
    return;
  }
  (async function again() {
    if (!document.hidden) await look();
    setTimeout(again, lookEvery);
  })();
}
