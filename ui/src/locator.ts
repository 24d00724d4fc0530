/** Where the state is kept: the URL's hash on a page of our own, plain memory inside someone else's. */
import { hash, parse } from "./state";
import type { State } from "./types";

export interface Locator {
  read(): Partial<State>;
  write(state: State, replace: boolean): void;
  listen(changed: (state: Partial<State>) => void): void;
}

export const inHash = (): Locator => ({
  read: () => parse(location.hash),
  write(state, replace) {
    const next = hash(state);
    if (next === location.hash) return;
    if (replace) history.replaceState(null, "", next);
    else history.pushState(null, "", next);
  },
  listen(changed) {
    // Going back, going forward and typing a hash all end here; our own writes fire neither event.
    window.addEventListener("popstate", () => changed(parse(location.hash)));
  },
});

export const inMemory = (): Locator => ({ read: () => ({}), write: () => undefined, listen: () => undefined });
