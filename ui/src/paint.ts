/** Colours of weights in the ledger. The page chooses none: a weight has the colour of its mark in the pictures, or of its identity's chip. */
import { joined } from "./layer";
import { identities } from "./members";
import type { Store } from "./store";
import type { Chip, Legend } from "./types";

/** The chip of a weight's identity at the legend's level; undefined: not coloured. */
export function chipOf(store: Store, legend: Legend, p: number, place: readonly number[]): Chip | undefined {
  const drawn = store.linking.identityOf(`w:${p}:${joined(place)}`);
  const mark = { p, w: [joined(place)], y: [], x: [], b: [] };
  const id = drawn ?? (store.layer ? identities(store.layer, legend.level, mark)[0] : undefined);
  return id === undefined ? undefined : legend.chips.find((chip) => chip.id === id);
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
