/** Changing the number that is selected, going back to what made an input, and undoing. */
import { useEffect, useReducer, useState } from "preact/hooks";
import { editKey } from "./edits";
import { evaluate } from "./ledger";
import { named, plural, value } from "./numbers";
import { same } from "./state";
import { message, type Store } from "./store";
import type { MakersAnswer, Target } from "./types";

export function Editing({ store }: { store: Store }) {
  const [, again] = useReducer((n: number) => n + 1, 0);
  useEffect(() => store.linking.listen(() => again(undefined as never)), [store]);
  const { layer, state } = store;
  if (!layer || !layer.has(state.i)) return null;
  const able = evaluate(layer, state.i) !== null;
  const held = store.linking.held;
  const target = able && held && editKey(held, 0) !== null && layer.changeable(held) ? held : null;
  const count = layer.edits.size;
  if (!able && held?.kind !== "input") return null;
  return (
    <div class="editing">
      {target ? (
        <Field key={editKey(target, 0)} store={store} target={target} />
      ) : (
        able && !count && <span class="hint">Select a weight or an input to change its number.</span>
      )}
      {held?.kind === "input" && <Made store={store} target={held} />}
      {count > 0 && (
        <>
          <b>
            {plural(count, "number")} changed{store.alone ? " here; the layers behind keep their values." : "; all behind follows."}
          </b>
          <button type="button" class="outlined" aria-keyshortcuts="u" onClick={() => store.undo()}>
            Undo
          </button>
          {count > 1 && (
            <button type="button" class="plain" onClick={() => store.set({ edit: undefined })}>
              Undo all
            </button>
          )}
        </>
      )}
    </div>
  );
}

function Field({ store, target }: { store: Store; target: Target }) {
  const layer = store.layer!;
  const key = editKey(target, store.state.layer)!;
  const stored = layer.stored(target);
  const now = layer.edits.get(key) ?? stored;
  const [text, setText] = useState<string | null>(null);
  if (stored === undefined || now === undefined || target.kind === "identity" || target.kind === "layer") return null;
  const commit = (typed: string): void => {
    setText(null);
    const number = Number(typed);
    if (typed.trim() !== "" && Number.isFinite(number)) store.edit(target, number);
  };
  return (
    <label>
      <span class="mono">{named(target.kind === "input" ? "x" : "w", target.place)}</span> ={" "}
      <input
        class="mono value"
        type="number"
        step="any"
        value={text ?? String(now)}
        onInput={(event) => setText(event.currentTarget.value)}
        onChange={(event) => commit(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
      />{" "}
      {now !== stored && <span class="hint">stored: {value(stored, 4)}</span>}
    </label>
  );
}

/** Where an input comes from: the neurons of the layer before. One step leads there. */
function Made({ store, target }: { store: Store; target: Target & { kind: "input" } }) {
  const [found, setFound] = useState<{ place: readonly number[]; answer: MakersAnswer | null; fault?: string }>();
  const index = store.state.layer;
  useEffect(() => {
    let current = true;
    store.ask<MakersAnswer>(`makers/${index}?x=${target.place.join(",")}`).then(
      (answer) => current && setFound({ place: target.place, answer }),
      (fault) => current && setFound({ place: target.place, answer: null, fault: message(fault) }),
    );
    return () => {
      current = false;
    };
  }, [index, target.place.join(",")]);
  if (!found || !same(found.place, target.place)) return null;
  if (!found.answer) return <span class="hint">{found.fault}</span>;
  return (
    <span class="made">
      {found.answer.makers.map((maker) =>
        maker.layer === null ? (
          <span key={maker.name}>
            read from the model’s input <span class="mono">{named(maker.name, maker.places[0] ?? [])}</span>
          </span>
        ) : (
          <button
            type="button"
            key={maker.name}
            class="outlined"
            onClick={() => store.walk(maker.layer!, maker.places[0]!)}
          >
            ‹ made by {maker.name} <span class="mono">{named("y", maker.places[0] ?? [])}</span>
            {maker.count > 1 ? `, one of ${maker.count}` : ""}
          </button>
        ),
      )}
    </span>
  );
}
