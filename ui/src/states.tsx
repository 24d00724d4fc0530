/** What a panel shows when it has no picture: one sentence, and what to do next. */
import { useState } from "preact/hooks";
import type { LayerRecord } from "./types";

/** Shown after 150 ms, never as a spinner. */
export function Loading({ text }: { text: string }) {
  return (
    <div class="loading" role="status">
      <svg class="blank" viewBox="0 0 132 66" width="132" height="66" aria-hidden="true">
        {[0, 1, 2, 3, 4, 5, 6, 7].map((k) => (
          <rect key={k} x={(k % 4) * 33 + 0.5} y={Math.floor(k / 4) * 33 + 0.5} width="32" height="32" rx="1.5" />
        ))}
      </svg>
      <p>{text}</p>
    </div>
  );
}

/** A view that makes no sense for this layer: no fault of anyone's. */
export function Unfit({ text }: { text: string }) {
  return (
    <p class="unfit" role="status">
      {text}
    </p>
  );
}

/** Where; what must hold; what was found; what to do: the first part is the place, the rest the sentence. */
export function Fault({ text, rest }: { text: string; rest?: string | undefined }) {
  const [copied, setCopied] = useState(false);
  const cut = text.indexOf(": ");
  const where = cut > 0 && cut < 90 ? text.slice(0, cut) : "";
  const copy = (): void => {
    void navigator.clipboard?.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <div class="fault" role="alert">
      <div>
        {where && <b class="mono">{where}</b>}
        <p>{where ? text.slice(cut + 2) : text}</p>
      </div>
      {rest && <p class="still">{rest}</p>}
      <button type="button" class="outlined" onClick={copy}>
        {copied ? "Copied" : "Copy message"}
      </button>
    </div>
  );
}

const shape = (sizes: readonly number[] | null): string => sizes?.join("×") ?? "?";

export function Opaque({ record }: { record: LayerRecord }) {
  return (
    <div class="opaque">
      <svg width="66" height="66" aria-hidden="true">
        <rect class="hatch-wide" x=".5" y=".5" width="65" height="65" rx="1.5" />
      </svg>
      <div>
        <b>{record.name}: no formula</b>
        <p>{record.opaque}</p>
        <p>
          Shape {shape(record.input_shape)} in, {shape(record.output_shape)} out. {String(record.weights ?? 0)} weights.
          The other layers are shown as ever.
        </p>
      </div>
    </div>
  );
}
