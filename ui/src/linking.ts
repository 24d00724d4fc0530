/** Pointing: one target, outlined in every panel. State is outline and line weight, never a tint. */
import type { Layer } from "./layer";
import { Marks, targetOf, type Mark } from "./marks";
import { identities } from "./members";
import { ringsOn, clearRings } from "./rings";
import type { Target } from "./types";

export type Listener = (target: Target | null, held: boolean) => void;

export class Linking {
  private readonly roots = new Map<Element, Marks>();
  private readonly listeners = new Set<Listener>();
  private lit: Mark[] = [];
  private layer: Layer | null = null;
  private due = false;
  /** What is pointed at now, and what a click holds while nothing is. */
  pointed: Target | null = null;
  held: Target | null = null;

  get target(): Target | null {
    return this.pointed ?? this.held;
  }

  /** Takes the marks under an element into account until the returned function is called. */
  add(root: Element): () => void {
    this.roots.set(root, new Marks(root));
    this.soon();
    return () => {
      this.roots.delete(root);
      this.lit = this.lit.filter((mark) => !root.contains(mark.element));
    };
  }

  use(layer: Layer | null): void {
    this.layer = layer;
    this.show();
  }

  /** The mark under an event's target, in whichever panel it is. */
  markAt(element: Element | null): Mark | undefined {
    for (const [root, marks] of this.roots) if (root.contains(element)) return marks.at(element);
    return undefined;
  }

  /** What an identity of the legend stands for: the one weight of its marks, else all that has it. */
  meaning(id: string): Target {
    for (const marks of this.roots.values())
      for (const mark of marks.get(`id:${id}`)) {
        const target = id.startsWith("weight:") && mark.w.length === 1 ? targetOf(mark) : null;
        if (target) return target;
      }
    return { kind: "identity", id };
  }

  /** The identity that some mark of this key has; undefined where none is coloured. */
  identityOf(key: string): string | undefined {
    for (const marks of this.roots.values())
      for (const mark of marks.get(key)) if (mark.id && !mark.element.hasAttribute("data-weight")) return mark.id;
    return undefined;
  }

  point(target: Target | null): void {
    if (alike(target, this.pointed)) return;
    this.pointed = target;
    this.show();
  }

  hold(target: Target | null): void {
    if (alike(target, this.held)) return;
    this.held = target;
    this.show();
  }

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Several pictures come at once: they are lit together. */
  private soon(): void {
    if (this.due) return;
    this.due = true;
    queueMicrotask(() => this.due && this.show());
  }

  private show(): void {
    this.due = false;
    for (const mark of this.lit) mark.element.classList.remove("pointed");
    const target = this.target;
    const layer = this.layer ? String(this.layer.record.index) : "";
    const reached = target && this.layer ? this.layer.reached(target) : null;
    const id = target?.kind === "identity" ? target.id : "";
    const has = (mark: Mark): boolean =>
      !!this.layer && identities(this.layer, id.split(":")[0]!, mark).includes(id);
    this.lit = [];
    const lit = [...this.roots].map(([root, marks]) => ({
      root,
      marks,
      mine: target ? [...marks.lit(target, reached, layer, has)] : [],
    }));
    const ids = new Set(
      target?.kind === "weight"
        ? lit.flatMap(({ mine }) => mine.map((mark) => mark.id)).filter((id) => id.startsWith("weight:"))
        : [],
    );
    for (const { root, marks, mine } of lit) {
      for (const id of ids) mine.push(...marks.bare(id));
      this.lit.push(...mine);
      root.setAttribute("data-pointing", target?.kind ?? "");
      if (mine.length) ringsOn(root, mine);
      else clearRings(root);
    }
    for (const mark of this.lit) mark.element.classList.add("pointed");
    for (const listener of this.listeners) listener(target, this.pointed === null);
  }
}

function alike(a: Target | null, b: Target | null): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
