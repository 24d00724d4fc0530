/** What the pointer does: point, click, and press long. One set of listeners for all panels. */
import { useEffect } from "preact/hooks";
import type { RefObject } from "preact";
import { neuronOf, targetOf, type Mark } from "./marks";
import type { Store } from "./store";
import type { Target } from "./types";

const LONG = 450;

export function useGestures(store: Store, box: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const root = box.current!;
    let press = 0;
    let pinned = false;
    const markOf = (event: Event): Mark | undefined =>
      store.linking.markAt(event.target instanceof Element ? event.target : null);

    /** With Shift the weight itself is meant, whatever the level. */
    const meaning = (event: PointerEvent, mark: Mark): Target | null => {
      const target = event.pointerType === "touch" ? touched(mark) : targetOf(mark);
      return event.shiftKey ? target : store.meant(target, mark);
    };
    const over = (event: PointerEvent): void => {
      const mark = markOf(event);
      store.hovered = mark;
      if (inChip(event)) return;
      store.linking.point(mark ? meaning(event, mark) : null);
    };
    const leave = (): void => {
      store.hovered = undefined;
      store.linking.point(null);
    };
    const focus = (event: FocusEvent): void => {
      const mark = inChip(event) ? undefined : markOf(event);
      if (mark) store.linking.point(store.meant(targetOf(mark), mark));
    };
    const down = (event: PointerEvent): void => {
      const neuron = event.pointerType === "mouse" ? null : neuronOf(markOf(event) ?? NONE);
      pinned = false;
      clearTimeout(press);
      if (neuron)
        press = window.setTimeout(() => {
          pinned = true;
          store.pin(neuron);
        }, LONG);
    };
    const up = (): void => clearTimeout(press);
    const click = (event: MouseEvent): void => {
      const mark = markOf(event);
      if (!mark || pinned || inChip(event)) return;
      const target = meaning(event as PointerEvent, mark);
      if (!target) return;
      if (target.kind === "neuron" && (target.layer === undefined || target.layer === String(store.state.layer)))
        store.select(target.place);
      else store.keep(target);
    };
    const listeners: [string, (event: never) => void][] = [
      ["pointerover", over],
      ["pointerleave", leave],
      ["focusin", focus],
      ["pointerdown", down],
      ["pointerup", up],
      ["pointercancel", up],
      ["pointermove", (event: PointerEvent) => (event.movementX || event.movementY ? up() : undefined)],
      ["click", click],
    ];
    for (const [name, listener] of listeners) root.addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of listeners) root.removeEventListener(name, listener as EventListener);
    };
  }, [store]);
}

const NONE: Mark = { element: null as unknown as Element, layer: "", p: -1, y: [], x: [], w: [], b: [], id: "" };
const inChip = (event: Event): boolean =>
  event.target instanceof Element && event.target.closest("[data-chip]") !== null;

/** A finger is too wide for a mosaic cell: its neuron is meant. */
const touched = (mark: Mark): ReturnType<typeof targetOf> =>
  mark.y.length === 1 && mark.x.length === 0 && mark.w.length > 0 && mark.element.getBoundingClientRect().width < 24
    ? targetOf({ ...mark, w: [] })
    : targetOf(mark);
