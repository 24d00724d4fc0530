/** The two small windows of the page: its keys, and going to a neuron by its index. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { Key } from "./keyboard";
import type { Store } from "./store";

interface Window {
  title: string;
  name?: string;
  onClose(): void;
  children: ComponentChildren;
}

export function Modal({ title, name, onClose, children }: Window) {
  const box = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    // Closed before it is gone, so that the focus returns to where it was.
    return () => dialog?.close();
  }, []);
  return (
    <dialog ref={box} class={name} onClose={onClose} aria-label={title}>
      <h2>{title}</h2>
      {children}
    </dialog>
  );
}

export function Keys({ table, onClose }: { table: readonly Key[]; onClose(): void }) {
  return (
    <Modal title="Keys" onClose={onClose}>
      <dl class="keys">
        {table
          .filter((key) => key.shown)
          .map((key) => (
            <div key={key.shown}>
              <dt class="mono">{key.shown}</dt>
              <dd>{key.does}</dd>
            </div>
          ))}
      </dl>
      <p>A tap is a click; a long press pins.</p>
      <form method="dialog">
        <button class="outlined">Close</button>
      </form>
    </Modal>
  );
}

export function GoTo({ store, onClose }: { store: Store; onClose(): void }) {
  const sizes = store.layer?.neurons ?? [];
  const letters = store.record?.letters?.y ?? [];
  const [text, setText] = useState(store.state.i?.join(",") ?? "");
  const place = text.split(",").map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : NaN));
  const good = store.layer?.has(place) ?? false;
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!good) return;
    store.select(place);
    onClose();
  };
  return (
    <Modal title="Go to a neuron" onClose={onClose}>
      <form onSubmit={submit}>
        <label>
          y[{letters.join(", ")}]{" "}
          <input
            class="mono"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
            aria-invalid={!good}
          />
        </label>
        <p>{good ? " " : `Must be ${sizes.length} numbers below ${sizes.join(", ")}.`}</p>
        <button class="outlined" disabled={!good}>
          Go
        </button>
      </form>
    </Modal>
  );
}
