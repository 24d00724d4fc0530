/** What hands do to the matrix: drag, pinch, wheel, tap, long press. */
import { useEffect, useRef } from "preact/hooks";
import type { RefObject } from "preact";
import type { Size } from "./matrixview";

export interface Hands {
  pan(by: Size): void;
  zoom(factor: number, at: Size): void;
  /** A hand moves: pixels may be coarse until `rest`. */
  rest(): void;
  click(at: Size): void;
  long(at: Size): void;
  point(at: Size | null): void;
}

const LONG = 450;
const SLACK = 4;
const WHEEL = 0.0022;

export function useHands(ref: RefObject<HTMLElement | null>, hands: Hands): void {
  const now = useRef(hands);
  now.current = hands;
  useEffect(() => listen(ref.current!, () => now.current), []);
}

function listen(element: HTMLElement, hands: () => Hands): () => void {
  const down = new Map<number, Size>();
  let start: Size | null = null;
  let moved = false;
  let press = 0;
  let still = 0;
  const place = (event: MouseEvent): Size => {
    const box = element.getBoundingClientRect();
    return { y: event.clientY - box.top, x: event.clientX - box.left };
  };
  const rest = (): void => {
    clearTimeout(still);
    still = window.setTimeout(() => hands().rest(), 160);
  };
  const on: Record<string, (event: never) => void> = {
    pointerdown: (event: PointerEvent) => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      down.set(event.pointerId, place(event));
      start = place(event);
      moved = down.size > 1;
      clearTimeout(press);
      if (event.pointerType !== "mouse" && down.size === 1)
        press = window.setTimeout(() => {
          moved = true;
          hands().long(start!);
        }, LONG);
    },
    pointermove: (event: PointerEvent) => {
      const to = place(event);
      const from = down.get(event.pointerId);
      if (!from) return void (event.pointerType === "mouse" && hands().point(to));
      if (!moved && start && Math.hypot(to.y - start.y, to.x - start.x) < SLACK) return;
      moved = true;
      clearTimeout(press);
      const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
      down.set(event.pointerId, to);
      if (!other) hands().pan({ y: to.y - from.y, x: to.x - from.x });
      else {
        const middle = { y: (to.y + other.y) / 2, x: (to.x + other.x) / 2 };
        hands().pan({ y: (to.y - from.y) / 2, x: (to.x - from.x) / 2 });
        hands().zoom(apart(to, other) / apart(from, other), middle);
      }
      rest();
    },
    pointerup: (event: PointerEvent) => {
      clearTimeout(press);
      if (down.delete(event.pointerId) && !moved) hands().click(place(event));
    },
    pointercancel: (event: PointerEvent) => {
      clearTimeout(press);
      down.delete(event.pointerId);
    },
    pointerleave: () => hands().point(null),
    wheel: (event: WheelEvent) => {
      event.preventDefault();
      // A pinch on a touchpad comes as a wheel with Ctrl, in small steps.
      const pinch = event.ctrlKey ? 5 : 1;
      const lines = event.deltaMode === 1 ? 18 : event.deltaMode === 2 ? 300 : 1;
      hands().zoom(Math.exp(-Math.max(-240, Math.min(240, event.deltaY * lines * pinch)) * WHEEL), place(event));
      rest();
    },
  };
  for (const [name, listener] of Object.entries(on))
    element.addEventListener(name, listener as EventListener, { passive: false });
  return () => {
    clearTimeout(press);
    clearTimeout(still);
    for (const [name, listener] of Object.entries(on)) element.removeEventListener(name, listener as EventListener);
  };
}

const apart = (a: Size, b: Size): number => Math.max(8, Math.hypot(a.y - b.y, a.x - b.x));
