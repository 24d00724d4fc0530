/** The matrix's keys. They come before the page's own, since some of these mean something else in other views. */
import { useEffect, useRef } from "preact/hooks";
import type { RefObject } from "preact";
import { isForPage } from "./keyboard";
import type { Acts } from "./matrixacts";

const ANYWHERE: Record<string, (acts: Acts) => void> = {
  "+": (acts) => acts.zoomIn(),
  "=": (acts) => acts.zoomIn(),
  "-": (acts) => acts.zoomOut(),
  "\u2212": (acts) => acts.zoomOut(),
  "0": (acts) => acts.whole(),
  n: (acts) => acts.next(),
  N: (acts) => acts.next(true),
  c: (acts) => acts.order(),
  p: (acts) => acts.pin(),
};
/** With the matrix in focus arrows move the entry; elsewhere they move i, as in every view. */
const FOCUSED: Record<string, [rows: number, columns: number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

export function useMatrixKeys(surface: RefObject<HTMLElement | null>, acts: Acts): void {
  const now = useRef(acts);
  now.current = acts;
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => {
      if (!isForPage(event)) return;
      if (event.key === "Escape") now.current.clear();
      const arrow = document.activeElement === surface.current ? FOCUSED[event.key] : undefined;
      const act = ANYWHERE[event.key];
      if (!arrow && !act) return;
      event.preventDefault();
      if (arrow) now.current.move(...arrow, event.shiftKey);
      else act!(now.current);
    };
    // On a page of its own a key counts wherever it is pressed; in a notebook only inside the explorer.
    const root = surface.current!.ownerDocument;
    const own = root.documentElement.classList.contains("isochrome-page");
    const page: HTMLElement | Document = own ? root : surface.current!.closest<HTMLElement>(".isochrome")!;
    page.addEventListener("keydown", listener as EventListener, { capture: true });
    return () => page.removeEventListener("keydown", listener as EventListener, { capture: true });
  }, []);
}
