/** One layer as the page needs it: its relations, its tensors, and what a pointed-at thing reaches. */
import { tensor, type Tensor } from "./bytes";
import { NONE, type Edits } from "./edits";
import { Relation, type Taps } from "./relation";
import type { LayerAnswer, LayerRecord, Line, ModelAnswer, Place, Target, Weight } from "./types";

/** One line of the layer that has stored weights and a relation. */
export interface WeightLine {
  line: Line;
  relation: Relation;
  /** Number of the parameter in the report. */
  p: number;
  /** The access of the weight; the inputs are all other factors. */
  weight: number;
  inputs: readonly number[];
  /** A bias: the weight is added, no input multiplies it. */
  adds: boolean;
}

/** Every key that belongs to a neuron or an input, as the marks spell them. */
export interface Reached {
  y: Set<string>;
  x: Set<string>;
  w: Set<string>;
  b: Set<string>;
  /** Neuron and weight together, where a mark names both and no input. */
  pairs: Set<string>;
}

export const joined = (place: Place): string => place.join(",");
/** More taps than this are counted, never listed. */
export const LISTED = 100_000;

/** Whether a loop's role is the one meant: a group is part of the filters and of the channels. */
function belongs(is: string, role: string): boolean {
  return is === role || (is === "group" && (role === "filter" || role === "channel"));
}

export class Layer {
  readonly lines: readonly WeightLine[];
  /** Numbers that the reader changed. */
  edits: Edits = NONE;
  private readonly tensors = new Map<string, Tensor | null>();
  private readonly numbers: Map<string, number>;

  constructor(
    readonly record: LayerRecord,
    readonly answer: LayerAnswer,
    model: ModelAnswer,
  ) {
    this.numbers = parameterNumbers(model);
    this.lines = answer.lines.flatMap((line) => this.weightLine(line));
  }

  private weightLine(line: Line): WeightLine[] {
    if (!line.relation || line.parameter === null) return [];
    const relation = new Relation(line.relation);
    const weight = line.weight ? relation.access(line.weight) : Math.max(relation.access("w"), relation.access("b"));
    if (weight < 1) return [];
    const inputs = relation.accesses.map((_, k) => k).filter((k) => k > 0 && k !== weight);
    const adds = line.adds ?? inputs.length === 0;
    return [{ line, relation, weight, inputs, adds, p: line.p ?? this.number(line.parameter) }];
  }

  /** The number of a parameter in the report, by any of its names; -1 where the report has none. */
  number(name: string): number {
    return this.numbers.get(name) ?? -1;
  }

  /** The shape of a neuron's place, as the first relation has it. */
  get neurons(): readonly number[] {
    const shape =
      this.lines[0]?.relation.accesses[0]!.shape ?? this.answer.tensors.y?.shape ?? this.record.output_shape ?? [];
    return shape.slice(0, this.record.letters?.y?.length ?? shape.length);
  }

  /** Whether a place is one of its neurons. */
  has(place: Place | undefined): place is Place {
    return !!place && place.length === this.neurons.length && place.every((n, k) => n >= 0 && n < this.neurons[k]!);
  }

  /** The axis of y, x or w whose loop has that role; -1 where there is none. */
  axis(of: "y" | "x" | "w", role: string): number {
    const roles = (this.record.letters?.[of] ?? []).map((letter) => this.record.roles?.[letter]);
    return roles.includes(role) ? roles.indexOf(role) : roles.findIndex((is) => is !== undefined && belongs(is, role));
  }

  /** How many filters, channels, ... there are: the sizes of the loops of that role. */
  extent(role: string): number {
    const sizes = { ...this.record.shared_along, ...this.record.distinct_along, ...this.record.summed_along };
    const loops = Object.entries(this.record.roles ?? {}).filter(([, is]) => belongs(is, role));
    return loops.reduce((product, [loop]) => product * (sizes[loop] ?? 1), loops.length ? 1 : 0);
  }

  tensorOf({ line, relation, weight, p }: WeightLine, access: number): Tensor | null {
    const name = relation.accesses[access]!.tensor;
    const key = line.tensors?.[name] ?? name;
    const stored = this.named(key);
    const head = access === weight ? `w:${p}:` : key === "x" ? this.x : null;
    if (!stored || head === null || (this.edits.size === 0 && !this.answer.edit)) return stored;
    const { stored: before = {} } = this.answer;
    const at = (name: string): number | undefined => this.edits.get(name) ?? before[name];
    return { shape: stored.shape, at: (place) => at(head + joined(place)) ?? stored.at(place) };
  }

  /** What an edit of this layer's input begins with. */
  get x(): string {
    return `x:${this.record.index}:`;
  }
  /** Whether a number can be changed: an input that is computed on the way cannot. */
  changeable(target: Target): boolean {
    return target.kind !== "input" || this.answer.changeable !== false;
  }

  /** The stored number of a weight, before any edit. */
  storedWeight(p: number, place: Place): number | undefined {
    const entry = this.lineOf({ kind: "weight", p, place });
    if (!entry) return undefined;
    const name = entry.relation.accesses[entry.weight]!.tensor;
    return this.answer.stored?.[`w:${p}:${joined(place)}`] ?? this.named(entry.line.tensors?.[name] ?? name)?.at(place);
  }
  stored(target: Target): number | undefined {
    if (target.kind === "weight") return this.storedWeight(target.p, target.place);
    if (target.kind !== "input") return undefined;
    return this.answer.stored?.[this.x + joined(target.place)] ?? this.named("x")?.at(target.place);
  }

  /** The neurons whose value an edit may change; none where they are more than so many. */
  editedOutputs(most: number): Set<string> {
    const found = new Set<string>();
    for (const key of this.edits.keys()) {
      const place = key.slice(key.lastIndexOf(":") + 1).split(",").filter(Boolean).map(Number);
      for (const entry of this.lines)
        for (const access of key.startsWith(this.x) ? entry.inputs : key.startsWith(`w:${entry.p}:`) ? [entry.weight] : []) {
          const taps = entry.relation.fix(access, place);
          if (taps.total > BigInt(most)) return new Set();
          for (const tap of taps.list()) found.add(joined(tap[0]!));
        }
    }
    return found;
  }

  named(key: string): Tensor | null {
    if (!this.tensors.has(key)) this.tensors.set(key, tensor(this.answer.tensors[key]));
    return this.tensors.get(key)!;
  }

  /** The line in which a weight stands: by its parameter's number, a bias apart. */
  lineOf(target: Target): WeightLine | undefined {
    if (target.kind === "bias") return this.lines.find((entry) => entry.adds);
    if (target.kind !== "weight") return this.lines.find((entry) => !entry.adds);
    const mine = this.lines.filter((entry) => entry.p === target.p);
    return mine.find((entry) => entry.relation.accesses[entry.weight]!.shape.length === target.place.length) ?? mine[0];
  }

  /** Whether a weight is one of this layer's own. */
  owns(weight: Weight | undefined): weight is Weight {
    const entry = weight && this.lineOf({ kind: "weight", ...weight });
    // A line without a relation cannot say: then the host has to.
    if (!entry) return !!weight && this.answer.lines.some((line) => line.parameter !== null && !line.relation);
    const sizes = entry.relation.accesses[entry.weight]!.shape;
    return weight.place.length === sizes.length && weight.place.every((n, k) => n >= 0 && n < sizes[k]!);
  }

  /** The uses of one weight in this layer. */
  uses(target: Target & { place: Place }): Taps | null {
    const entry = this.lineOf(target);
    return entry ? entry.relation.fix(entry.weight, target.place) : null;
  }

  /** The weights that a neuron uses, each once, in the order of its taps. */
  weightsOf(place: Place): Weight[] {
    const found = new Map<string, Weight>();
    for (const entry of this.lines.filter((line) => !line.adds))
      for (const tap of entry.relation.fix(0, place).list(0, LISTED)) {
        const weight = { p: entry.p, place: tap[entry.weight]! };
        found.set(`${weight.p}:${joined(weight.place)}`, weight);
      }
    return [...found.values()];
  }

  /** The input that a neuron multiplies with a weight; without one, the first that it reads. */
  inputOf(place: Place, weight?: Weight): Place | undefined {
    for (const entry of this.lines)
      for (const tap of entry.relation.fix(0, place).list(0, LISTED)) {
        const mine = !weight || (entry.p === weight.p && joined(tap[entry.weight]!) === joined(weight.place));
        const x = mine ? entry.inputs.map((access) => tap[access]).find((found) => found) : undefined;
        if (x) return x;
      }
    return undefined;
  }

  /** What a neuron uses, or what an input reaches. */
  reached(target: Target): Reached | null {
    if (target.kind !== "neuron" && target.kind !== "input") return null;
    const found: Reached = { y: new Set(), x: new Set(), w: new Set(), b: new Set(), pairs: new Set() };
    (target.kind === "neuron" ? found.y : found.x).add(joined(target.place));
    for (const entry of this.lines)
      for (const access of target.kind === "neuron" ? [0] : entry.inputs) {
        const taps = entry.relation.fix(access, target.place);
        if (taps.total <= LISTED) for (const tap of taps.list()) gather(found, entry, tap);
      }
    return found;
  }
}

function gather(found: Reached, entry: WeightLine, tap: (Place | null)[]): void {
  const y = joined(tap[0]!);
  const place = joined(tap[entry.weight]!);
  if (entry.adds) {
    found.b.add(place);
    return;
  }
  const w = `${entry.p}:${place}`;
  found.y.add(y);
  found.w.add(w);
  found.pairs.add(`${y}|${w}`);
  for (const input of entry.inputs) {
    const x = tap[input];
    if (x) found.x.add(joined(x));
  }
}

/** Parameters are numbered in the order in which the report first names their storage. */
function parameterNumbers(model: ModelAnswer): Map<string, number> {
  const storages = new Map<string | number, number>();
  const names = new Map<string, number>();
  for (const layer of model.report.layers)
    for (const parameter of layer.parameters) {
      const number = storages.get(parameter.storage) ?? storages.size;
      storages.set(parameter.storage, number);
      for (const name of parameter.names) if (!names.has(name)) names.set(name, number);
    }
  return names;
}
