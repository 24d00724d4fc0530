/** The theme's greys for canvases, read again when the theme changes or the page is printed. */
import { useLayoutEffect, useState } from "preact/hooks";
import type { RefObject } from "preact";
import type { Tokens } from "./matrixpaint";

const BEFORE: Tokens = { paper: "#ffffff", ink: "#16181d", ink3: "#6a707b", line: "#b9bec6" };
const MEDIA = ["(prefers-color-scheme: dark)", "print"];

export function useTokens(ref: RefObject<HTMLElement | null>): Tokens {
  const [tokens, setTokens] = useState(BEFORE);
  useLayoutEffect(() => {
    const page = ref.current!.closest<HTMLElement>(".isochrome") ?? document.body;
    const again = (): void => {
      const style = getComputedStyle(page);
      const read = (name: keyof Tokens): string => full(style.getPropertyValue(`--${name}`).trim()) || BEFORE[name];
      setTokens({ paper: read("paper"), ink: read("ink"), ink3: read("ink3"), line: read("line") });
    };
    again();
    const watcher = new MutationObserver(again);
    watcher.observe(page, { attributes: true, attributeFilter: ["data-theme"] });
    const lists = MEDIA.map((query) => matchMedia(query));
    for (const list of lists) list.addEventListener("change", again);
    return () => {
      watcher.disconnect();
      for (const list of lists) list.removeEventListener("change", again);
    };
  }, []);
  return tokens;
}

/** #fff as #ffffff. */
const full = (colour: string): string =>
  /^#[0-9a-f]{3}$/i.test(colour) ? `#${[...colour.slice(1)].map((digit) => digit + digit).join("")}` : colour;
