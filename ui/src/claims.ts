/** What people say of a coloured picture of one layer, checked on this layer's own weights. */
import { joined, type Layer } from "./layer";
import { named, plural } from "./numbers";
import type { Store } from "./store";
import type { Claim, Place } from "./types";

const weights = (layer: Layer, place: Place): Set<string> =>
  new Set(layer.weightsOf(place).map((weight) => `${weight.p}:${joined(weight.place)}`));

const common = (one: ReadonlySet<string>, other: ReadonlySet<string>): number =>
  [...one].filter((weight) => other.has(weight)).length;

/** The claims that make sense for the layer and the neurons on screen. */
export function claims({ layer, state: { i, j } }: Store): Claim[] {
  if (!layer || !layer.has(i) || layer.lines.every((entry) => entry.adds)) return [];
  const mine = weights(layer, i);
  const all = mine.size;
  if (all === 0) return [];
  const found: Claim[] = [];
  if (layer.has(j)) found.push(blocks(mine, weights(layer, j), i, j));
  found.push(...slice(layer, i, mine), ...filters(layer, i, mine), ...channels(layer, i));
  if (all > 1) {
    found.push({
      text: "One colour on a filter is one weight.",
      holds: false,
      because: `The filter of ${named("y", i)} has ${plural(all, "weight")}; one colour can only mean the set of them.`,
    });
    found.push({
      text: "A colour on a neuron is a weight.",
      holds: false,
      because: `A neuron is not a weight: ${named("y", i)} uses ${all} of them.`,
    });
  }
  return found;
}

function blocks(mine: ReadonlySet<string>, others: ReadonlySet<string>, i: Place, j: Place): Claim {
  const both = common(mine, others);
  return {
    text: "Blocks i and j share weights.",
    holds: both > 0,
    because: `${named("y", i)} and ${named("y", j)} have ${both} of ${plural(mine.size, "weight")} in common.`,
  };
}

/** The neuron at the far end of every position axis, in the same filter: a witness either way. */
function slice(layer: Layer, i: Place, mine: ReadonlySet<string>): Claim[] {
  const letters = layer.record.letters?.y ?? [];
  const position = letters.map((letter) => layer.record.roles?.[letter] === "position");
  const far = i.map((n, k) => (position[k] ? (n === layer.neurons[k]! - 1 ? 0 : layer.neurons[k]! - 1) : n));
  if (joined(far) === joined(i)) return [];
  const both = common(mine, weights(layer, far));
  const loops = letters.filter((_, k) => position[k]);
  const shared = loops.every((loop) => loop in layer.record.shared_along);
  return [
    {
      text: "Neurons of one depth slice use the same weights.",
      holds: shared && both > 0,
      because: shared
        ? `w does not mention ${loops.join(", ")}; ${named("y", far)}, at the far end, has ${both} of ${mine.size} in common with i.`
        : `${named("y", i)} and ${named("y", far)} have ${both} of ${mine.size} in common.`,
    },
  ];
}

function filters(layer: Layer, i: Place, mine: ReadonlySet<string>): Claim[] {
  const axis = layer.axis("y", "filter");
  const size = axis < 0 ? 0 : layer.neurons[axis]!;
  if (size < 2) return [];
  const other = i.map((n, k) => (k === axis ? (n + 1) % size : n));
  const both = common(mine, weights(layer, other));
  return [
    {
      text: `Filters ${i[axis]} and ${other[axis]} share weights.`,
      holds: both > 0,
      because: `${named("y", i)} and ${named("y", other)} have ${both} of ${plural(mine.size, "weight")} in common.`,
    },
  ];
}

function channels(layer: Layer, i: Place): Claim[] {
  const axis = layer.axis("w", "channel");
  if (axis < 0) return [];
  const counts = new Map<number, number>();
  for (const { place } of layer.weightsOf(i)) counts.set(place[axis]!, (counts.get(place[axis]!) ?? 0) + 1);
  if (counts.size < 2) return [];
  const letter = layer.record.letters?.w?.[axis] ?? "c";
  const each = [...new Set(counts.values())];
  return [
    {
      text: "The slices of a filter, such as red, green and blue, share weights.",
      holds: false,
      because: `w mentions ${letter}: ${each.length === 1 ? `each of ${counts.size} channels has ${plural(each[0]!, "weight")} of its own` : `${counts.size} channels have weights of their own`}.`,
    },
  ];
}
