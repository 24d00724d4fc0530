/** Puts the page into an element: asks for the model, then hands over to the store. */
import { render as draw } from "preact";
import { App } from "./app";
import { hostOf, type HostModel } from "./host";
import { inHash, inMemory, inModel } from "./locator";
import { Fault, Loading } from "./states";
import { message, Store } from "./store";
import { followNotebook, themeAtStart } from "./theme";
import type { ModelAnswer } from "./types";

/**
 * In a cell: narrower than its window, so the panels are told how wide it is; in the notebook's theme; and in focus
 * when it is clicked, so that keys pressed then are not commands to the notebook.
 */
function fitCell(el: HTMLElement): () => void {
  const fit = (): void => {
    el.classList.toggle("narrow", el.clientWidth < 1180);
    el.classList.toggle("small", el.clientWidth < 800);
  };
  fit();
  const width = new ResizeObserver(fit);
  width.observe(el);
  el.tabIndex = -1;
  const leave = followNotebook(el);
  return () => {
    width.disconnect();
    leave();
  };
}

export async function mount(model: HostModel, el: HTMLElement): Promise<() => void> {
  el.classList.add("isochrome");
  themeAtStart(el);
  const leave = model.get("host") === "notebook" ? fitCell(el) : undefined;
  const ask = hostOf(model, el);
  draw(
    <div class="alone">
      <Loading text="Reading the model" />
    </div>,
    el,
  );
  try {
    const answer = await ask<ModelAnswer>("model");
    const own = model.get("host") === "served" || model.get("host") === "offline";
    document.title = own ? `${answer.title || answer.name} · isochrome` : document.title;
    const [home, base] = [model.get("home"), model.get("base")].map((one) => (typeof one === "string" ? one : null));
    const locator = own ? inHash() : model.get("host") === "notebook" ? inModel(model) : inMemory();
    const store = new Store(ask, answer, locator, home, base, model.get("host") === "offline");
    draw(<App store={store} root={el} />, el);
  } catch (fault) {
    draw(
      <div class="alone panel">
        <Fault text={message(fault)} />
      </div>,
      el,
    );
  }
  return () => {
    leave?.();
    draw(null, el);
  };
}
