/** Colours of weights in the ledger. The page chooses none: a weight has the colour of its mark in the pictures, or of its identity's chip. */
import { joined } from "./layer";
import type { Store } from "./store";
import type { Chip, Legend } from "./types";

/** The chip of a weight's identity at the legend's level; undefined: not coloured. */
export function chipOf(store: Store, legend: Legend, p: number, place: readonly number[]): Chip | undefined {
  const drawn = store.linking.identityOf(`w:${p}:${joined(place)}`);
  const id = drawn ?? identity(store, legend.level, p, place);
  return id === undefined ? undefined : legend.chips.find((chip) => chip.id === id);
}

/** The identity that a line says its weights have: some axes of their place. */
function identity(store: Store, level: string, p: number, place: readonly number[]): string | undefined {
  if (level === "parameter") return `parameter:${p}`;
  if (level === "weight") return `weight:${p}:${joined(place)}`;
  const axes = store.layer?.lines.find((entry) => entry.p === p)?.line.identity?.[level];
  return axes && `${level}:${axes.map((axis) => place[axis]).join(",")}`;
}

/** Fills the weights under an element. Runs after the pictures are in the page, since their marks say the colours. */
export function paint(store: Store, legend: Legend | null, root: HTMLElement): void {
  for (const box of root.querySelectorAll<HTMLElement>("[data-weight]")) {
    const [p, place] = box.dataset.weight!.split(":");
    const chip = legend ? chipOf(store, legend, Number(p), place!.split(",").map(Number)) : undefined;
    box.classList.toggle("filled", !!chip);
    box.style.background = chip?.colour ?? "";
    box.style.color = chip?.on ?? "";
    if (chip) box.dataset.id = chip.id;
    else delete box.dataset.id;
  }
}
