// The editor of articles shows what customers will read while somebody types.
import { $ } from './base.js';

const previewAfter = 250; // ms without a key

export function startEditor() {
  const source = $('#source');
  if (!source) return;
  let planned;
  source.addEventListener('input', () => {
    clearTimeout(planned);
    planned = setTimeout(async () => {
      const text = source.value;
      const response = await fetch('/console/preview', { method: 'POST', body: text }).catch(() => null);
      if (!response?.ok || text !== source.value) return;
      const page = new DOMParser().parseFromString(await response.text(), 'text/html');
      $('#preview').replaceChildren(...document.importNode(page.body, true).childNodes);
    }, previewAfter);
  });
}
