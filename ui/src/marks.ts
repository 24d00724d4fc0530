/** The marks under one element, found by what they stand for. Built once each time a picture is injected. */
import { joined, type Reached } from "./layer";
import type { Place, Target } from "./types";

/** One element that stands for something in the model. */
export interface Mark {
  element: Element;
  layer: string;
  p: number;
  y: readonly string[];
  x: readonly string[];
  w: readonly string[];
  b: readonly string[];
  id: string;
}

const SELECTOR = "[data-y],[data-x],[data-w],[data-b],[data-id],[data-layer]";
const places = (element: Element, name: string): string[] =>
  element.getAttribute(name)?.split(" ").filter(Boolean) ?? [];
export const toPlace = (text: string): Place => (text === "" ? [] : text.split(",").map(Number));

function read(element: Element): Mark {
  return {
    element,
    layer: element.getAttribute("data-layer") ?? "",
    p: Number(element.getAttribute("data-p") ?? -1),
    y: places(element, "data-y"),
    x: places(element, "data-x"),
    w: places(element, "data-w"),
    b: places(element, "data-b"),
    id: element.getAttribute("data-id") ?? "",
  };
}

export class Marks {
  private readonly index = new Map<string, Mark[]>();
  private readonly of = new Map<Element, Mark>();

  constructor(readonly root: Element) {
    for (const element of root.querySelectorAll(SELECTOR)) {
      const mark = read(element);
      this.of.set(element, mark);
      for (const y of mark.y) this.add(`y:${y}`, mark);
      for (const x of mark.x) this.add(`x:${x}`, mark);
      for (const w of mark.w) this.add(`w:${mark.p}:${w}`, mark);
      for (const b of mark.b) this.add(`b:${b}`, mark);
      if (mark.id) this.add(`id:${mark.id}`, mark);
      if (ofLayer(mark)) this.add(`layer:${mark.layer}`, mark);
    }
  }

  private add(key: string, mark: Mark): void {
    const known = this.index.get(key);
    if (known) known.push(mark);
    else this.index.set(key, [mark]);
  }

  get(key: string): readonly Mark[] {
    return this.index.get(key) ?? [];
  }

  /** Marks that have an identity and no place: the legend's. */
  bare(id: string): readonly Mark[] {
    return this.get(`id:${id}`).filter(placeless);
  }

  /** The mark that an event's target belongs to. */
  at(element: Element | null): Mark | undefined {
    const marked = element?.closest(SELECTOR);
    return marked ? this.of.get(marked) : undefined;
  }

  /**
   * The marks to outline. A weight: every mark that names it; an identity: every mark that has it. A neuron or an input: every mark all of
   * whose keys agree with what it reaches, so that another neuron's edge with the same weight stays as it is.
   */
  lit(target: Target, reached: Reached | null, layer: string, has: (mark: Mark) => boolean): readonly Mark[] {
    if (target.kind === "weight") return this.get(`w:${target.p}:${joined(target.place)}`);
    if (target.kind === "bias") return this.here(this.get(`b:${joined(target.place)}`), layer);
    if (target.kind === "identity")
      return [...this.of.values()].filter((mark) => mark.id === target.id || (isHere(mark, layer) && has(mark)));
    if (target.kind === "layer") return this.get(`layer:${target.index}`);
    const own = `${target.kind === "neuron" ? "y" : "x"}:${joined(target.place)}`;
    if (!reached || (target.layer !== undefined && target.layer !== "" && target.layer !== layer))
      return this.get(own).filter((mark) => mark.layer === (target.layer ?? layer));
    const found = new Set<Mark>();
    const keys = [
      ...prefixed("y", reached.y),
      ...prefixed("x", reached.x),
      ...prefixed("w", reached.w),
      ...prefixed("b", reached.b),
    ];
    for (const key of keys) for (const mark of this.get(key)) if (agrees(mark, reached)) found.add(mark);
    return this.here([...found], layer);
  }

  private here(marks: readonly Mark[], layer: string): readonly Mark[] {
    return marks.filter((mark) => isHere(mark, layer));
  }
}

const isHere = (mark: Mark, layer: string): boolean => mark.layer === "" || mark.layer === layer;
const placeless = (mark: Mark): boolean => mark.w.length + mark.y.length + mark.x.length + mark.b.length === 0;
/** A mark that stands for a layer as a whole. */
const ofLayer = (mark: Mark): boolean => mark.layer !== "" && placeless(mark);

const prefixed = (letter: string, keys: Iterable<string>): string[] => [...keys].map((key) => `${letter}:${key}`);
const some = (keys: readonly string[], set: ReadonlySet<string>): boolean =>
  keys.length === 0 || keys.some((key) => set.has(key));

function agrees(mark: Mark, reached: Reached): boolean {
  if (!some(mark.y, reached.y) || !some(mark.x, reached.x) || !some(mark.b, reached.b)) return false;
  if (mark.w.length === 0) return true;
  const weights = mark.w.map((w) => `${mark.p}:${w}`);
  if (mark.y.length === 0 || mark.x.length > 0) return some(weights, reached.w);
  return mark.y.some((y) => weights.some((w) => reached.pairs.has(`${y}|${w}`)));
}

/** What pointing at a mark means: its weight if it names one, else its neuron, its input, its bias, its identity. */
export function targetOf(mark: Mark): Target | null {
  if (mark.x.length === 1 && mark.element?.getAttribute("data-means") === "x")
    return { kind: "input", place: toPlace(mark.x[0]!), layer: mark.layer || undefined };
  if (mark.w.length === 1) return { kind: "weight", p: mark.p, place: toPlace(mark.w[0]!) };
  if (mark.y.length === 1) return { kind: "neuron", place: toPlace(mark.y[0]!), layer: mark.layer || undefined };
  if (mark.x.length === 1) return { kind: "input", place: toPlace(mark.x[0]!), layer: mark.layer || undefined };
  if (mark.b.length === 1) return { kind: "bias", place: toPlace(mark.b[0]!) };
  if (mark.id) return { kind: "identity", id: mark.id };
  return ofLayer(mark) ? { kind: "layer", index: Number(mark.layer) } : null;
}

/** The neuron that a mark stands on, for selecting and pinning: a mosaic cell's is its own neuron. */
export const neuronOf = (mark: Mark): Place | null => (mark.y.length === 1 ? toPlace(mark.y[0]!) : null);
