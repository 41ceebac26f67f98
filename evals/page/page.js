"use strict";
(() => {
  const field = (name) => document.getElementById("f-" + name);
  const cases = Array.from(document.querySelectorAll(".case"));
  const value = (name) => (field(name) ? field(name).value : "");
  const show = () => {
    const words = value("text").toLowerCase().split(/\s+/).filter(Boolean);
    const state = value("state"), ending = value("ending"), locale = value("locale"), tag = value("tag");
    let shown = 0;
    for (const c of cases) {
      const d = c.dataset;
      const fits = (!state || d.state.split(" ").includes(state)) && (!ending || d.ending === ending) && (!locale || d.locale === locale) &&
        (!tag || d.tags.includes(" " + tag + " ")) && words.every((word) => d.text.includes(word));
      c.hidden = !fits;
      if (fits) shown++;
    }
    field("count").textContent = shown + " of " + cases.length + " shown";
    document.getElementById("nothing").hidden = shown > 0;
  };
  document.getElementById("filters").addEventListener("input", show);
  document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
  if (!cases.some((c) => c.dataset.state.includes("failed"))) field("state").value = "";
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = Array.from(document.querySelectorAll("details:not([open])")).filter((d) => !d.hidden && !d.matches(".case[data-state^=passed]"));
    for (const d of closed) d.open = true;
  });
  window.addEventListener("afterprint", () => { for (const d of closed) d.open = false; });
  show();
})();
