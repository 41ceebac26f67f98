// What people do before the page's scripts are there (base.js and the others are loaded after the page is shown): a form that is
// sent and a button that is pressed are kept and done as soon as the page is ready, so nobody has to type anything twice.
{
  const kept = [];
  const keep = (event) => {
    if (event.type === 'click' && !event.target.closest?.('button[type=button]')) return;
    event.preventDefault();
    event.stopPropagation();
    const element = event.type === 'click' ? event.target.closest('button') : event.target;
    if (!kept.includes(element)) kept.push(element);
  };
  for (const type of ['submit', 'click']) addEventListener(type, keep, true);
  document.addEventListener('ready', () => {
    for (const type of ['submit', 'click']) removeEventListener(type, keep, true);
    for (const element of kept) if (element.matches('form')) element.requestSubmit(); else element.click();
  }, { once: true });
  // A script that cannot be fetched leaves a page that does nothing; it says so.
  addEventListener('error', (event) => {
    if (event.target.localName !== 'script') return;
    const say = () => {
      document.querySelector('#toast').textContent = document.querySelector('#words').content.querySelector('[data-word=unready]').textContent;
    };
    if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', say); else say();
  }, true);
}
