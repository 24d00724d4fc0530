/** Sentences, made from the report's numbers and the formula's loops. No kind of layer is named but as the model names it. */
import { LISTED, type Layer } from "./layer";
import { namedIn } from "./members";
import { count, named, plural, value } from "./numbers";
import { START } from "./views";
import type { LayerRecord, Target } from "./types";

const long = (along: Record<string, number>): string[] => Object.keys(along).filter((loop) => along[loop] !== 1);

/** Loops of more than one step, neighbours of one role together: "m (filter), p, q (position)". */
export function loopsText(along: Record<string, number>, roles: Record<string, string> = {}): string {
  const runs: { role: string; loops: string[] }[] = [];
  for (const loop of long(along)) {
    const role = roles[loop] ?? "";
    const last = runs.at(-1);
    if (last?.role === role) last.loops.push(loop);
    else runs.push({ role, loops: [loop] });
  }
  return runs.map(({ role, loops }) => loops.join(", ") + (role ? ` (${role})` : "")).join(", ");
}

/** What the formula says about its loops, one clause each; in brief without their roles. */
export function loopClauses(record: LayerRecord, brief = false): string[] {
  const text = (along: Record<string, number>): string => loopsText(along, brief ? {} : record.roles);
  const shared = text(record.shared_along);
  const own = Object.entries(record.distinct_along).filter(([loop]) => !(loop in record.summed_along));
  const distinct = text(Object.fromEntries(own));
  const summed = text(record.summed_along);
  return [
    shared
      ? `Shared along ${shared}: w does not mention ${long(record.shared_along).length === 1 ? "it" : "them"}.`
      : "Nothing is shared: w mentions every loop of y.",
    ...(distinct ? [`Weights of its own for each ${distinct}.`] : []),
    ...(summed ? [`Summed over ${summed}.`] : []),
  ];
}

/** The short form in the list: "shared along p, q". */
export function sharedText(record: LayerRecord): string {
  if (record.opaque) return `no formula: ${record.opaque}`;
  const loops = long(record.shared_along);
  return loops.length ? `shared along ${loops.join(", ")}` : "nothing shared";
}

export function usesText(record: LayerRecord): string {
  const uses = record.uses_per_weight;
  if (!uses || uses.max === null) return "";
  return uses.min === uses.max ? `${count(uses.max)} each` : `${count(uses.min)} to ${count(uses.max)} each`;
}

const COARSER: Record<string, string> = {
  tap: "weights at the same place in their kernel have one colour, although they are different weights",
  filter: "every use of a filter has one colour now, although different weights are at work",
  channel: "weights that read the same input channel have one colour, although they are different weights",
  parameter: "weights of one stored tensor have one colour, although they are different weights",
};

/** The sentence under the title. */
export function lead(view: string, subtitle: string | undefined, level: string): string {
  if (view !== START) return subtitle ?? "";
  return level === "weight"
    ? "Three pictures people draw of one layer, all made from one model. Point at an edge, a number or a neuron: the same weight lights up everywhere."
    : `The same three pictures, coloured by ${level}: ${COARSER[level] ?? "a coarser word"}.`;
}

/** What a mark of each of the first screen's pictures is. */
export function panelWords(layer: Layer | null, place: readonly number[] | undefined): string[] {
  const words = ["an edge is one use of one weight", "a filter cell is one weight"];
  if (!layer || !place) return [...words, "a neuron is a set of uses"];
  let uses = 0n;
  const weights = new Set<string>();
  for (const entry of layer.lines.filter((line) => line.inputs.length > 0)) {
    const taps = entry.relation.fix(0, place);
    uses += taps.total;
    if (taps.total <= 5000n) for (const tap of taps.list()) weights.add(`${entry.p}:${tap[entry.weight]!.join(",")}`);
  }
  return [
    ...words,
    `a neuron is ${plural(uses, "use")}${weights.size ? `, of ${plural(weights.size, "weight")}` : ""}`,
  ];
}

/** An access as the formula writes it, brackets within brackets included: `w[of[m, c], u, v]`. */
export function accessText(formula: string, tensor: string): string {
  const start = formula.search(new RegExp(`\\b${tensor}\\[`));
  if (start < 0) return tensor;
  let depth = 0;
  for (let end = start; end < formula.length; end++) {
    if (formula[end] === "[") depth++;
    if (formula[end] === "]" && --depth === 0) return formula.slice(start, end + 1);
  }
  return tensor;
}

/** The verdict under the first screen, which ends the question that the third picture raises. */
export function verdict(record: LayerRecord): string {
  const formula = record.formulas[0] ?? "";
  const mentioned = accessText(formula, "y");
  const shared = long(record.shared_along).filter((loop) => new RegExp(`\\b${loop}\\b`).test(mentioned));
  if (shared.length === 0)
    return "No: no two neurons of this layer use the same weight, because w mentions every loop of y.";
  const every = shared.join(" and ");
  return `About slices, yes: ${mentioned} uses ${accessText(formula, "w")} for every ${every}, because w does not mention ${shared.join(", ")}. About the weights inside a filter it says nothing.`;
}

/** The status line: what is pointed at, and how often it is used. Null where nothing can be counted here. */
export function status(layer: Layer, target: Target, held: boolean): string {
  const verb = held ? "selected" : "pointed at";
  switch (target.kind) {
    case "weight":
    case "bias": {
      const taps = layer.uses(target);
      const entry = layer.lineOf(target);
      const name = named(entry?.relation.accesses[entry.weight]!.tensor ?? "w", target.place);
      const number = entry && layer.tensorOf(entry, entry.weight)?.at(target.place);
      const start = number === undefined ? `${name}, ${verb}` : `${name} = ${value(number)}, ${verb}`;
      if (!taps) return start;
      const inputs = entry!.inputs.length > 0 ? `, ${count(taps.real)} on real input` : "";
      const others =
        layer.record.tied_with.length && target.kind === "weight"
          ? `; ${layer.record.tied_with.join(", ")} ${layer.record.tied_with.length > 1 ? "use" : "uses"} it too`
          : "";
      return `${start}: ${plural(taps.total, "use")}${inputs}${others}`;
    }
    case "neuron": {
      if (target.layer !== undefined && target.layer !== String(layer.record.index))
        return `${named("y", target.place)} of another layer, ${verb}`;
      const taps = layer.lines
        .filter((entry) => !entry.adds)
        .map((entry) => entry.relation.fix(0, target.place));
      const number = layer.named("y")?.at(target.place);
      const total = taps.reduce((sum, each) => sum + each.total, 0n);
      const real = taps.reduce((sum, each) => sum + each.real, 0n);
      const start = `${named("y", target.place)}${number === undefined ? "" : ` = ${value(number)}`}, ${verb}`;
      return total === real
        ? `${start}: uses ${count(total)}`
        : `${start}: uses ${count(real)} of ${count(total)}, the others read padding`;
    }
    case "input": {
      const number = layer.named("x")?.at(target.place);
      const reached = layer.lines
        .flatMap((entry) => entry.inputs.map((input) => entry.relation.fix(input, target.place).total))
        .reduce((sum, each) => sum + each, 0n);
      return `${named("x", target.place)}${number === undefined ? "" : ` = ${value(number)}`}, ${verb}: read ${reached === 1n ? "once" : `${count(reached)} times`}`;
    }
    case "layer":
      return "";
    case "identity":
      return `${target.id.replace(":", " ")}, ${verb}${identityWords(layer, target.id)}`;
  }
}

/** Of all that has an identity: how many weights, how often they are used. */
function identityWords(layer: Layer, id: string): string {
  let [weights, total, real] = [0n, 0n, 0n];
  const rest = new Set<string>();
  let counted = true;
  for (const entry of layer.lines) {
    const one = namedIn(entry, id);
    if (!one) continue;
    const { line, relation, weight } = entry;
    const taps = relation.fix(one.access, one.place, one.axes);
    const own = one.access === weight ? one.axes : line.identity?.[id.split(":")[0]!];
    const open = relation.accesses[weight]!.shape.map((size, axis) => (own?.includes(axis) ? 1 : size));
    total += taps.total;
    real += taps.real;
    counted &&= !!own || taps.total <= LISTED;
    weights += own
      ? open.reduce((product, size) => product * BigInt(size), 1n)
      : BigInt(new Set(taps.list(0, LISTED).map((tap) => tap[weight]!.join())).size);
    open.forEach((size, axis) => size > 1 && rest.add(layer.record.roles?.[layer.record.letters?.w?.[axis] ?? ""] ?? ""));
  }
  if (!weights) return "";
  if (!counted) return `: ${plural(total, "use")}, ${count(real)} on real input`;
  const each = rest.size && !rest.has("") && !id.startsWith("p") ? ` (one for each ${[...rest].join(" and ")})` : "";
  return `: ${plural(weights, "weight")}${each}, ${plural(total, "use")}, ${count(real)} on real input`;
}

/** The status line for a layer of the network: what it has, and whose weights they are. */
export function layerStatus(record: LayerRecord | undefined): string {
  if (!record) return "";
  if (record.opaque) return `${record.name}, pointed at: no formula`;
  const uses = usesText(record);
  const tied = record.tied_with.length ? `; shared with ${record.tied_with.slice(0, 3).join(", ")}` : "";
  return `${record.name}, ${record.kind}: ${plural(record.neurons ?? "?", "neuron")}, ${plural(record.connections ?? "?", "connection")}, ${plural(record.weights ?? "?", "weight")}${uses ? `, used ${uses.replace(" each", " times each")}` : ""}${tied}`;
}
