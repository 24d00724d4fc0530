/** Which views there are, and which pictures each puts on the screen. */
import type { ModelAnswer } from "./types";

export const START = "start";

/** Views whose picture holds the ledger itself. */
const WITH_LEDGER = new Set(["arithmetic"]);
export const hasLedger = (view: string): boolean => WITH_LEDGER.has(view);

/** Views that the page draws itself, from the tables: too large for marks. */
const CANVAS = new Set(["matrix"]);
export const onCanvas = (view: string): boolean => CANVAS.has(view);
/** Views whose cells follow a changed number; the others show the stored ones, and say so. */
const FOLLOWS = new Set(["start-edges", "start-numbers", "start-neurons", "connections", "matrix"]);
export const follows = (view: string): boolean => FOLLOWS.has(view);

export interface PanelText {
  view: string;
  title: string;
}
/** The first screen: three pictures at one level. Each has a view made for it, else the full one stands in. */
const PANELS = [
  { compact: "start-edges", full: "connections", title: "Edges" },
  { compact: "start-numbers", full: "arithmetic", title: "Numbers" },
  { compact: "start-neurons", full: "volume", title: "Neurons" },
];

const names = (model: ModelAnswer): Set<string> => new Set(model.views.map((view) => view.name));

/** Whether the first screen can be put together. */
export const startable = (model: ModelAnswer): boolean => {
  const known = names(model);
  return PANELS.every(({ compact, full }) => known.has(compact) || known.has(full));
};

/** The views that the reader can choose. */
export function tabsOf(model: ModelAnswer): { name: string; title: string }[] {
  const own = model.views.filter(({ name }) => !PANELS.some(({ compact }) => compact === name) && name !== START);
  return startable(model) ? [{ name: START, title: "three pictures, one level, one legend" }, ...own] : own;
}

/** The pictures of a view, in order. */
export function panelsOf(model: ModelAnswer, view: string): PanelText[] {
  if (view !== START) return [{ view, title: model.views.find(({ name }) => name === view)?.title ?? view }];
  const known = names(model);
  return PANELS.map(({ compact, full, title }) => ({ view: known.has(compact) ? compact : full, title }));
}
