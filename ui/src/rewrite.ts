/** In a file there is no one to draw again: evaluated numbers are put into drawings made with the stored ones. */
import { evaluate } from "./ledger";
import type { Layer } from "./layer";
import { toPlace } from "./marks";
import { MINUS, value } from "./numbers";

/** Past so many outputs that an edit reaches, drawings keep their numbers. */
const MOST = 20_000;
const NUMBER = /^(.*?[≈=]? ?)([\u2212-]?\d[\d,]*(?:\.\d+)?(?:e[\u2212-]?\d+)?)$/;
/** What may stand before a number that is its neuron's value; anything else before it is a sum that no longer holds. */
const NAME = /^y\[[\d,]*\] = $/;

/** A number in a drawing, before and after. */
interface Change {
  old: number;
  now: number;
}

export function rewrite(root: Element, layer: Layer | null): void {
  for (const text of root.querySelectorAll<SVGTextElement>("text[data-was]")) {
    text.textContent = text.dataset.was!;
    delete text.dataset.was;
  }
  if (!layer || layer.edits.size === 0) return;
  const reached = layer.editedOutputs(MOST);
  const totals = new Map<string, Change | null>();
  const output = (y: string): Change | null => {
    if (!reached.has(y)) return null;
    if (!totals.has(y)) {
      const neuron = evaluate(layer, toPlace(y));
      const old = layer.named("y")?.at(toPlace(y));
      totals.set(y, neuron && old !== undefined ? { old, now: neuron.total } : null);
    }
    return totals.get(y)!;
  };
  for (const mark of root.querySelectorAll<SVGElement>("rect[data-w], rect[data-x], rect[data-y], path[data-y]"))
    for (const change of changesOf(layer, mark, output)) replace(mark, change);
  for (const text of root.querySelectorAll<SVGElement>("text[data-y]:not([data-w], [data-x])"))
    for (const change of changesOf(layer, text, output)) put(text, change);
}

/** What the number on a mark may be: its weight, its input, its neuron's value. */
function changesOf(layer: Layer, mark: SVGElement, output: (y: string) => Change | null): Change[] {
  const { w, x, y, p } = mark.dataset;
  const found: Change[] = [];
  if (w !== undefined && !w.includes(" ")) {
    const now = layer.edits.get(`w:${p ?? -1}:${w}`);
    const old = layer.storedWeight(Number(p ?? -1), toPlace(w));
    if (now !== undefined && old !== undefined) found.push({ old, now });
  } else if (x !== undefined && !x.includes(" ") && w === undefined) {
    const now = layer.edits.get(layer.x + x);
    const old = layer.named("x")?.at(toPlace(x));
    if (now !== undefined && old !== undefined) found.push({ old, now });
  } else if (y !== undefined && !y.includes(" ") && w === undefined && x === undefined) {
    const change = output(y);
    if (change) found.push(change);
  }
  return found;
}

/** The texts that stand on a mark follow it in the drawing, up to the next thing's own mark. */
function replace(mark: SVGElement, change: Change): void {
  const own = keysOf(mark);
  let next = mark.nextElementSibling as SVGElement | null;
  for (let k = 0; next && k < 8; k++, next = next.nextElementSibling as SVGElement | null) {
    const keyed = next.dataset.y !== undefined || next.dataset.w !== undefined || next.dataset.x !== undefined;
    if (keyed && keysOf(next) !== own) return;
    if (put(next, change)) return;
  }
}

/** Writes the new number into a text that ends in the old one. */
function put(text: SVGElement, { old, now }: Change): boolean {
  const match = text.localName === "text" && !("was" in text.dataset) ? NUMBER.exec(text.textContent ?? "") : null;
  if (!match || !isRounded(match[2]!, old)) return false;
  const before = NAME.test(match[1]!) || match[1] === "" ? match[1]! : "= ";
  text.dataset.was = text.textContent!;
  text.textContent = before + value(now, 4);
  return true;
}

const keysOf = ({ dataset: { y, w, x } }: SVGElement): string => [y, w, x].join("|");

/** Whether a text is a number as it may have been printed. */
function isRounded(text: string, number: number): boolean {
  const plain = text.replaceAll(MINUS, "-").replaceAll(",", "");
  const decimals = /\.(\d+)/.exec(plain)?.[1]?.length ?? 0;
  const scale = Math.max(Math.abs(number) * 0.05, 0);
  return Math.abs(Number(plain) - number) <= (plain.includes("e") ? scale : 0.5000001 * 10 ** -decimals);
}
