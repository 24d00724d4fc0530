/** The few hooks that several parts of the page share. */
import { useEffect, useLayoutEffect, useReducer, useState } from "preact/hooks";
import type { RefObject } from "preact";
import type { Store } from "./store";

/** Draws the component again whenever the store changes. */
export function useStore(store: Store): void {
  const [, again] = useReducer((n: number) => n + 1, 0);
  useLayoutEffect(() => store.watch(() => again(undefined as never)), [store]);
}

/** The width of an element in CSS px, followed as it changes. */
export function useWidth(ref: RefObject<HTMLElement | null>, guess: number): number {
  const [width, setWidth] = useState(guess);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    setWidth(element.clientWidth);
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return width;
}

/** Lets the marks under an element be pointed at, and read again whenever `made` changes. */
export function useMarks(store: Store, ref: RefObject<HTMLElement | null>, made: unknown): void {
  useLayoutEffect(() => (ref.current ? store.linking.add(ref.current) : undefined), [store, made]);
}

export function useMedia(query: string): boolean {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const changed = (): void => setHolds(list.matches);
    list.addEventListener("change", changed);
    return () => list.removeEventListener("change", changed);
  }, [query]);
  return holds;
}

export const PHONE = "(max-width: 699px)";
