/** The one line that says what is pointed at. It follows the pointer without drawing the page again. */
import { useEffect, useState } from "preact/hooks";
import { message, type Store } from "./store";
import type { Target, UsesAnswer } from "./types";
import { count, plural } from "./numbers";
import { layerStatus, status } from "./words";

export function StatusLine({ store }: { store: Store }) {
  const [text, setText] = useState(() => line(store, store.linking.target, store.linking.pointed === null));
  useEffect(() => {
    let asked = 0;
    const say = (target: Target | null, held: boolean): void => {
      const known = line(store, target, held);
      setText(known);
      const path = target && known && askable(store, target);
      const mine = ++asked;
      if (!path) return;
      // Only where the page has no relation: after the pointer has rested.
      setTimeout(() => {
        if (mine !== asked) return;
        store.ask<UsesAnswer>(path).then(
          (answer) =>
            mine === asked && setText(`${known}: ${plural(answer.taps, "use")}, ${count(answer.real)} on real input`),
          (fault) => mine === asked && setText(`${known}: ${message(fault)}`),
        );
      }, 150);
    };
    say(store.linking.target, store.linking.pointed === null);
    return store.linking.listen(say);
  }, [store, store.layer]);
  const cut = text.indexOf(", ");
  return (
    <p class="status" role="status" aria-live="polite">
      {text && <b class="mono">{cut < 0 ? text : text.slice(0, cut)}</b>}
      {cut < 0 ? "" : text.slice(cut)}
    </p>
  );
}

function line(store: Store, target: Target | null, held: boolean): string {
  if (target?.kind === "layer") return layerStatus(store.model.report.layers[target.index]);
  return store.layer && target ? status(store.layer, target, held) : "";
}

const askable = (store: Store, target: Target): string | null =>
  target.kind === "weight" && store.layer && !store.layer.lineOf(target)
    ? `uses/${store.state.layer}?w=${target.p}:${target.place.join(",")}`
    : null;
