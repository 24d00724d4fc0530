/** The entry: `render({ model, el })` as anywidget calls it on the default export, and the boot of pages of our own. */
import type { HostModel } from "./host";
import { mount } from "./mount";

function render({ model, el }: { model: HostModel; el: HTMLElement }): () => void {
  const mounted = mount(model, el);
  return () => void mounted.then((remove) => remove());
}

export default { render };

/** Served pages say what their host is in a JSON element, a file beside one; a notebook has none. */
function boot(): void {
  const config = document.getElementById("isochrome");
  if (!(config instanceof HTMLScriptElement)) return;
  const file = (config as { given?: Record<string, unknown> }).given;
  const given = file ?? (JSON.parse(config.textContent) as Record<string, unknown>);
  const el = document.getElementById("page") ?? document.body.appendChild(document.createElement("div"));
  document.documentElement.classList.add("isochrome-page");
  render({ model: { get: (key) => given[key] }, el });
}

if (typeof document !== "undefined") boot();
