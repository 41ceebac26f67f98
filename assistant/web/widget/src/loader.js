// widget.js: the one script tag of a host page. It reads the tag's data attributes and fetches the rest as a module, from
// where it came from itself.
/* global BUILD */
const tag = document.currentScript;
if (tag) {
  import(new URL(`widget.mjs?v=${BUILD}`, tag.src).href).then(
    (module) => {
      window.deskhand = module.mount({ ...tag.dataset });
      document.dispatchEvent(new CustomEvent('deskhand:ready', { detail: window.deskhand }));
    },
    (error) => console.error('deskhand: the support chat could not be loaded', error),
  );
}
