/** The cells that both layouts of the ledger are made of, and what stands beside the sums. */
import type { Neuron, Term } from "./ledger";
import { decimals, exact, fixed, MINUS, rounding, value } from "./numbers";
import type { Store } from "./store";
import type { Place } from "./types";

const keys = (term: Term, y?: Place) => ({
  "data-p": term.p,
  "data-w": term.sort === "plain" ? undefined : term.place.join(","),
  "data-y": y?.join(","),
  "data-x": y && term.x ? term.x.join(",") : undefined,
});

export function ProductCell({ term, place, digits }: { term: Term | null; place: Place; digits: number }) {
  if (!term) return <span class="box" />;
  return (
    <span
      class={`box product${term.product === 0 ? " zero" : ""}`}
      title={term.sort === "product" ? `${known(term.weight, exact)} × ${known(term.input, exact)}` : undefined}
      {...keys(term, place)}
    >
      {known(term.product, (number) => value(number, digits))}
    </span>
  );
}

/** A number, or a question mark where the run does not give it. */
const known = (number: number, text: (number: number) => string): string => (Number.isNaN(number) ? "?" : text(number));

export function InputCell({ term, place, digits }: { term: Term | null; place: Place; digits: number }) {
  if (!term) return <span class="box" />;
  if (term.sort === "lookup") return <span class="box none" title="looked up: no input multiplies it" />;
  return (
    <span
      class={`box input${term.x ? "" : " padding"}`}
      title={term.x ? `x[${term.x.join(",")}] = ${known(term.input, exact)}` : "padding"}
      data-means="x"
      {...keys(term, place)}
    >
      {term.x ? known(term.input, (number) => value(number, digits)) : "0"}
    </span>
  );
}

export function WeightCell({ term, digits, labelled }: { term: Term; digits: number; labelled?: boolean }) {
  if (term.sort === "plain") return <span class="box none" title="added as it is: no weight multiplies it" />;
  return (
    <span
      class="box weight"
      data-weight={`${term.p}:${term.place.join(",")}`}
      title={`w[${term.place.join(",")}] = ${known(term.weight, exact)}`}
      {...keys(term)}
    >
      {labelled && <span class="place">{term.place.slice(term.place.length > 3 ? 1 : 0).join(",")}</span>}
      <b>{known(term.weight, (number) => value(number, digits))}</b>
    </span>
  );
}

export function Tag({ pinned }: { pinned?: boolean }) {
  return <span class={`tag${pinned ? " outlined" : ""}`}>{pinned ? "j" : "i"}</span>;
}

export interface Sum {
  parts: { label: string; text: string }[];
  total: string;
}
/** The labels of two sums in one order, the bias and what rounding took last. */
export function labelsOf(first: Sum, second: Sum | null): string[] {
  const all = new Set([...first.parts, ...(second?.parts ?? [])].map((part) => part.label));
  const last = ["bias", "rounding"].filter((label) => all.delete(label));
  return [...all, ...last];
}
export const textOf = (sum: Sum, label: string): string => sum.parts.find((part) => part.label === label)?.text ?? "";

/** Significant digits of the numbers in a cell: a column is narrower than a row. */
export const DIGITS = { wide: 2, tall: 3 };

/** A sum as it is printed: signs apart, and what rounding took as a part of its own. */
export function printed(parts: readonly { label: string; value: number }[], total: number): Sum {
  if (Number.isNaN(total) || parts.some((part) => Number.isNaN(part.value))) return { parts: [], total: "?" };
  const places = decimals([...parts.map((part) => part.value), total]);
  const lost = rounding(
    parts.map((part) => part.value),
    total,
    places,
  );
  const all = lost === 0 ? parts : [...parts, { label: "rounding", value: lost }];
  const texts = all.map((part, k) => ({ label: part.label, text: term(part.value, places, k === 0) }));
  return { parts: texts, total: fixed(total, places) };
}

const term = (number: number, places: number, first: boolean): string =>
  first
    ? fixed(number, places)
    : `${fixed(number, places).startsWith(MINUS) ? MINUS : "+"} ${fixed(Math.abs(number), places)}`;

/** "The model's own values are 5 and 7: no difference from the totals." */
export function modelWords(store: Store, neurons: readonly (Neuron | null)[]): string {
  const note = neurons.find((neuron) => neuron?.note)?.note;
  if (note) return `${note}.`;
  const known = neurons.filter((neuron): neuron is Neuron => neuron !== null && neuron.model !== null);
  if (known.length === 0) return "The model’s own value is not here.";
  const many = known.length > 1;
  const own = `the model’s own ${many ? "values are" : "value is"} ${known.map((neuron) => value(neuron.model!, 6)).join(" and ")}`;
  const difference = Math.max(...known.map((neuron) => Math.abs(neuron.total - neuron.model!)));
  const bound = Math.max(...known.map((neuron) => neuron.bound));
  const gap =
    difference === 0
      ? `no difference from the total${many ? "s" : ""}`
      : `difference ${value(difference, 2)}, ${known.every((neuron) => Math.abs(neuron.total - neuron.model!) <= neuron.bound) ? "within" : "beyond"} the rounding bound ${value(bound, 2)}`;
  if (!store.alone && !store.follows) return "The model is run with the changed numbers.";
  if (store.alone && store.layer?.edits.size)
    return `Without the change ${own}; the totals here are computed from the changed numbers.`;
  const taps = store.record?.uses_per_weight?.taps;
  return `T${own.slice(1)}: ${gap}.${typeof taps === "number" && taps > 1 ? ` Each weight is written once and used ${taps} times.` : ""}`;
}
