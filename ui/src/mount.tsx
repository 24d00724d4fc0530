/** Puts the page into an element: asks for the model, then hands over to the store. */
import { render as draw } from "preact";
import { App } from "./app";
import { hostOf, type HostModel } from "./host";
import { inHash, inMemory } from "./locator";
import { Fault, Loading } from "./states";
import { message, Store } from "./store";
import { themeAtStart } from "./theme";
import type { ModelAnswer } from "./types";

export async function mount(model: HostModel, el: HTMLElement): Promise<() => void> {
  el.classList.add("isochrome");
  themeAtStart(el);
  const ask = hostOf(model);
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
    const store = new Store(ask, answer, own ? inHash() : inMemory(), home, base);
    draw(<App store={store} root={el} />, el);
  } catch (fault) {
    draw(
      <div class="alone panel">
        <Fault text={message(fault)} />
      </div>,
      el,
    );
  }
  return () => draw(null, el);
}
