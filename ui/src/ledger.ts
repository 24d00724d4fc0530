/** One neuron's arithmetic, and two side by side: from the relation and the tensors, or from the host's own answer. */
import { joined, type Layer, type WeightLine } from "./layer";
import type { ExplainAnswer, Place } from "./types";

export interface Term {
  /** product: weight times input; lookup: the weight alone; plain: the input alone, no weight. */
  sort: "product" | "lookup" | "plain";
  /** Equal for two terms if and only if they use the same stored weight (and are its n-th use by this neuron). */
  key: string;
  p: number;
  place: Place;
  /** null: it reads padding. */
  x: Place | null;
  weight: number;
  /** NaN: the run does not give it. */
  input: number;
  product: number;
  /** The channel it belongs to, -1 where the layer has none. */
  group: number;
}
export interface Neuron {
  place: Place;
  terms: Term[];
  bias: number | null;
  biasPlace: Place | null;
  total: number;
  /** The model's own value, where it is known. */
  model: number | null;
  bound: number;
  /** Why the total is not known or not the value; '' where it is. */
  note: string;
}
/** One weight, and what two neurons multiply it with. */
export interface Row {
  first: Term | null;
  second: Term | null;
}

const EPSILON = 2 ** -23;
/** A neuron with more products than this is left to the host. */
const MOST = 200_000;

/** The arithmetic of a neuron; null where values are missing or the lines do not say its value. */
export function evaluate(layer: Layer, place: Place): Neuron | null {
  if (layer.lines.length === 0 || layer.answer.lines.some((line) => line.exact === false)) return null;
  if (layer.answer.lines.length !== layer.lines.length) return null;
  const terms: Term[] = [];
  let bias: number | null = null;
  let biasPlace: Place | null = null;
  for (const entry of layer.lines) {
    const taps = entry.relation.fix(0, place);
    if (taps.total > MOST) return null;
    for (const tap of taps.list()) {
      const weight = layer.tensorOf(entry, entry.weight)?.at(tap[entry.weight]!);
      if (weight === undefined) return null;
      const scale = entry.line.scale ?? 1;
      if (entry.adds) {
        bias = (bias ?? 0) + scale * weight;
        biasPlace = tap[entry.weight]!;
        continue;
      }
      const term = termOf(layer, entry, tap, weight, scale);
      if (!term) return null;
      terms.push(term);
    }
  }
  number(terms);
  return summed(place, terms, bias, biasPlace, layer.named("y")?.at(place) ?? null);
}

function termOf(layer: Layer, entry: WeightLine, tap: (Place | null)[], weight: number, scale: number): Term | null {
  const where = tap[entry.weight]!;
  const looked = entry.inputs.length === 0;
  const inputs = entry.inputs.map((input) => (tap[input] ? layer.tensorOf(entry, input)?.at(tap[input]!) : 0));
  if (inputs.some((input) => input === undefined)) return null;
  const input = inputs.reduce<number>((product, factor) => product * factor!, scale);
  const x = looked || entry.inputs.some((access) => tap[access] === null) ? null : tap[entry.inputs[0]!]!;
  return {
    sort: looked ? "lookup" : "product",
    key: `${entry.p}:${joined(where)}`,
    p: entry.p,
    place: where,
    x,
    weight,
    input,
    product: weight * input,
    group: groupOf(layer, where),
  };
}

const groupOf = (layer: Layer, place: Place): number => place[layer.axis("w", "channel")] ?? -1;

/** A weight that one neuron uses twice is two terms: the second key says so. */
function number(terms: Term[]): void {
  const seen = new Map<string, number>();
  for (const term of terms) {
    const times = seen.get(term.key) ?? 0;
    seen.set(term.key, times + 1);
    if (times > 0) term.key += `#${times}`;
  }
}

function summed(
  place: Place,
  terms: Term[],
  bias: number | null,
  biasPlace: Place | null,
  model: number | null,
): Neuron {
  const total = terms.reduce((sum, term) => sum + term.product, bias ?? 0);
  const size = terms.reduce((sum, term) => sum + Math.abs(term.product), Math.abs(bias ?? 0));
  return { place, terms, bias, biasPlace, total, model, bound: (terms.length + 1) * EPSILON * size, note: "" };
}

/** The same from the host's explanation, where the page has no tensors. */
export function explained(layer: Layer, place: Place, answer: ExplainAnswer): Neuron {
  const terms = answer.terms.map((term): Term => {
    const p = term.parameter === null ? -1 : layer.number(term.parameter);
    const looked = term.input === null && term.product !== null;
    return {
      sort: term.w === null ? "plain" : looked ? "lookup" : "product",
      key: term.w === null ? `x:${joined(term.x ?? [])}` : `${p}:${joined(term.w)}`,
      p,
      place: term.w ?? [],
      x: term.x,
      weight: term.weight ?? NaN,
      input: looked ? 1 : (term.input ?? NaN),
      product: term.product ?? NaN,
      group: term.w === null ? -1 : groupOf(layer, term.w),
    };
  });
  number(terms);
  const bias = answer.bias !== 0 || layer.lines.some((entry) => entry.adds) ? answer.bias : null;
  const sum = summed(place, terms, bias, null, answer.framework);
  return { ...sum, total: answer.total ?? NaN, bound: answer.bound ?? sum.bound, note: answer.note ?? "" };
}

/** The terms of i and of j, one row a weight: a weight that both use is written once. */
export function rows(first: Neuron, second: Neuron | null): Row[] {
  if (!second) return first.terms.map((term) => ({ first: term, second: null }));
  const others = new Map(second.terms.map((term) => [term.key, term]));
  const both = first.terms.map((term) => ({ first: term, second: others.get(term.key) ?? null }));
  const known = new Set(first.terms.map((term) => term.key));
  return [
    ...both,
    ...second.terms.filter((term) => !known.has(term.key)).map((term) => ({ first: null, second: term })),
  ];
}

export const groupsIn = (entries: readonly Row[]): number[] => [
  ...new Set(entries.map((row) => (row.first ?? row.second)!.group)),
];

/** Groups are worth a sum of their own only where some group has several terms. */
export function grouped(neuron: Neuron): boolean {
  const groups = new Set(neuron.terms.map((term) => term.group));
  return groups.size > 1 && groups.size < neuron.terms.length;
}

/** The sum of a neuron in parts: by channel while they are few, else what is shown and the rest; then the bias. */
export function parts(neuron: Neuron, shown: ReadonlySet<string>, most = 4): { label: string; value: number }[] {
  const sum = (terms: readonly Term[]): number => terms.reduce((total, term) => total + term.product, 0);
  const bias = neuron.bias === null ? [] : [{ label: "bias", value: neuron.bias }];
  const groups = [...new Set(neuron.terms.map((term) => term.group))];
  if (grouped(neuron) && groups.length <= most)
    return [
      ...groups.map((group) => ({
        label: `ch ${group}`,
        value: sum(neuron.terms.filter((term) => term.group === group)),
      })),
      ...bias,
    ];
  const here = neuron.terms.filter((term) => shown.has(term.key));
  if (here.length === neuron.terms.length) return [{ label: "products", value: sum(here) }, ...bias];
  return [
    { label: "shown", value: sum(here) },
    {
      label: `other ${neuron.terms.length - here.length}`,
      value: sum(neuron.terms.filter((term) => !shown.has(term.key))),
    },
    ...bias,
  ];
}
