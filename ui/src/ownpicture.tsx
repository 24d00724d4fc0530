/** What the numbers were computed from, and a picture of the reader's own in its place. */
import { useEffect, useState } from "preact/hooks";
import { Fault } from "./states";
import { message, type Store } from "./store";

/** Whether a page's model runs on a picture that the reader gave. */
export const isOwn = (base: string): boolean => base.includes("/at/picture:");

export function Input({ store }: { store: Store }) {
  const { home, base, model } = store;
  const [fault, setFault] = useState("");
  const able = home !== null && base !== null && model.input?.image;
  const send = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    setFault("");
    try {
      const answer = await fetch(`${base}/picture`, { method: "POST", body: file, credentials: "same-origin" });
      const { room, error } = (await answer.json()) as { room?: string; error?: string };
      if (room) location.href = `${home}/at/${room}/${location.hash}`;
      else setFault(error ?? `picture: the program answered ${answer.status}`);
    } catch (failed) {
      setFault(`picture: must reach the program behind this page; ${message(failed)}`);
    }
  };
  useEffect(() => {
    if (!able) return;
    const over = (event: DragEvent): void => event.preventDefault();
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      void send(event.dataTransfer?.files[0]);
    };
    addEventListener("dragover", over);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("drop", drop);
    };
  });
  if (model.lacks)
    return (
      <div class="own">
        <p>
          Computed from: {model.input?.what}. {model.lacks}
        </p>
      </div>
    );
  if (!able) return null;
  const before = model.samples?.length ? `${home}/at/${encodeURIComponent(model.name)}/` : `${home}/`;
  return (
    <div class="own">
      <p>Computed from: {model.input?.what}.</p>
      <label>
        Your own picture instead, chosen or dropped here:{" "}
        <input type="file" accept="image/*" onChange={(event) => void send(event.currentTarget.files?.[0])} />
      </label>
      {isOwn(base) && <a href={`${before}${location.hash}`}>Undo: back to the model’s own input</a>}
      {fault && <Fault text={fault} />}
    </div>
  );
}
