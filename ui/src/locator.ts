/** Where the state is kept: the URL's hash on a page of our own, plain memory inside someone else's. */
import type { HostModel } from "./host";
import { fromRecord, hash, parse } from "./state";
import type { State, StateRecord } from "./types";

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

/** A notebook keeps the state in the widget's model: Python reads it there, and sets it. */
export const inModel = (model: HostModel): Locator => {
  let mine = "";
  return {
    read: () => fromRecord(model.get("state") as StateRecord),
    write(state) {
      const plain = JSON.parse(JSON.stringify(state)) as unknown;
      mine = JSON.stringify(plain);
      model.set?.("state", plain);
      model.save_changes?.();
    },
    listen(changed) {
      model.on?.("change:state", () => {
        const now = model.get("state");
        if (JSON.stringify(now) !== mine) changed(fromRecord(now as StateRecord));
      });
    },
  };
};

export const inMemory = (): Locator => ({ read: () => ({}), write: () => undefined, listen: () => undefined });
