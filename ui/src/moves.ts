/** How places follow one another: the first state, arrows, and the filter that a neuron belongs to. */
import type { Layer } from "./layer";
import { fromRecord } from "./state";
import { START, tabsOf } from "./views";
import type { ModelAnswer, Place, State } from "./types";

/** The state that the page opens in: what the hash says, else what the model's first story is, else its first view. */
export function opening(model: ModelAnswer, hash: Partial<State>): State {
  const first = fromRecord(model.first);
  const layer = hash.layer ?? first.layer ?? 0;
  const story = layer === (first.layer ?? 0) ? first : { view: first.view, level: first.level };
  const tabs = tabsOf(model).map(({ name }) => name);
  const plain = { layer, view: tabs[0] ?? START, level: model.levels[0] ?? "weight" };
  const state = { ...plain, ...defined(story), ...withoutStory(hash), ...hash } as State;
  return tabs.includes(state.view) ? state : { ...state, view: plain.view };
}

/** A hash that names places means just those: the story's other selections are not added to it. */
const withoutStory = (hash: Partial<State>): Partial<State> =>
  hash.i || hash.j || hash.w || hash.s ? { i: undefined, j: undefined, w: undefined } : {};

const defined = (state: Partial<State>): Partial<State> =>
  Object.fromEntries(Object.entries(state).filter(([, entry]) => entry !== undefined));

/** The neuron next to the first one along the last axis that weights are shared along: the pair that shows sharing. */
export function beside(layer: Layer): Place | undefined {
  const letters = layer.record.letters?.y ?? [];
  const along = letters.map((letter, k) => letter in layer.record.shared_along && (layer.neurons[k] ?? 0) > 1);
  const axis = along.lastIndexOf(true);
  return axis < 0 ? undefined : layer.neurons.map((_, k) => (k === axis ? 1 : 0));
}

/** The neuron so many steps along an axis, counted from the last one; null past the border. */
export function moved(layer: Layer, state: State, axisFromEnd: number, step: number): Place | null {
  const place = state.i;
  if (!layer.has(place)) return null;
  const axis = place.length - 1 - axisFromEnd;
  if (axis < 0) return null;
  const to = Math.min(layer.neurons[axis]! - 1, Math.max(0, place[axis]! + step));
  return to === place[axis] ? null : place.map((n, k) => (k === axis ? to : n));
}

/** The neuron so many steps on in the order of the output's places; null past its ends. */
export function following(layer: Layer, place: Place, step: number): Place | null {
  const sizes = layer.neurons;
  let flat = place.reduce((sum, n, k) => sum * sizes[k]! + n, 0) + step;
  if (flat < 0 || flat >= sizes.reduce((product, size) => product * size, 1)) return null;
  const next: number[] = [];
  for (let k = sizes.length - 1; k >= 0; k--) {
    next[k] = flat % sizes[k]!;
    flat = Math.floor(flat / sizes[k]!);
  }
  return next;
}

/** Neuron and filter go together: choosing one moves the other, and the pinned neuron stays beside it. */
export function withFilter(layer: Layer, state: State, patch: { i?: Place; m?: number }): Partial<State> {
  const axis = layer.axis("y", "filter");
  if (axis < 0) return patch;
  const onto = (place: Place | undefined, filter: number): Place | undefined =>
    place?.map((n, k) => (k === axis ? filter : n));
  if (patch.m !== undefined) return { m: patch.m, i: onto(state.i, patch.m), j: onto(state.j, patch.m) };
  return state.m === undefined ? patch : { ...patch, m: patch.i![axis]! };
}
