/** Saving what is on the screen: the drawing as a file that stands on its own. */
import { useRef } from "preact/hooks";
import { save } from "./svg";
import type { Picture, Store } from "./store";
import type { DrawAnswer } from "./types";
import { onCanvas, panelsOf } from "./views";

export function Exports({ store }: { store: Store }) {
  const box = useRef<HTMLDetailsElement>(null);
  const panels = panelsOf(store.model, store.state.view);
  const ready = store.shown.filter((picture) => picture.answer);
  if (panels.length === 1)
    return (
      <button
        type="button"
        class="plain"
        disabled={ready.length === 0}
        onClick={() => void exportPicture(store, store.shown[0]!)}
        aria-keyshortcuts="e"
      >
        export
      </button>
    );
  return (
    <details class="menu" ref={box}>
      <summary class="plain">export</summary>
      <div class="sheet">
        {panels.map(({ view, title }, k) => (
          <button
            type="button"
            key={view}
            class="plain"
            disabled={!store.shown[k]?.answer}
            onClick={() => {
              box.current?.removeAttribute("open");
              void exportPicture(store, store.shown[k]!);
            }}
          >
            Save {title} as SVG
          </button>
        ))}
      </div>
    </details>
  );
}

/** The file that Python frames, with title and legend; where there is none, the drawing on screen with the page's own rules. */
export async function exportPicture(store: Store, picture: Picture): Promise<void> {
  if (!picture.answer) return;
  const name = `${store.record?.name ?? "layer"}-${picture.view}-${store.state.level}.svg`.replace(/[^\w.#-]+/g, "_");
  const seen = onCanvas(picture.view)
    ? ([
        ["window", store.state.zoom],
        ["order", store.state.order],
      ] as const)
    : [];
  const more = [...seen.flatMap(([key, text]) => (text ? [`${key}=${text}`] : [])), "for=file"];
  const path = `${picture.path}${picture.path.includes("?") ? "&" : "?"}${more.join("&")}`;
  const framed = picture.answer.instead ? null : await store.ask<DrawAnswer>(path).catch(() => null);
  const text = framed?.svg.includes("<style") ? framed.svg : withRules(picture.answer.svg);
  save(name, text);
}

/** The drawing with the page's rules for drawings inside it, colours as they are on the screen. */
function withRules(svg: string): string {
  const page = document.querySelector<HTMLElement>(".isochrome");
  const tokens = getComputedStyle(page ?? document.body);
  const rules: string[] = [];
  for (const sheet of document.styleSheets)
    for (const rule of sheet.cssRules)
      if (rule instanceof CSSStyleRule && rule.selectorText.includes(".picture ") && !rule.selectorText.includes("svg"))
        rules.push(rule.cssText);
  const css = rules
    .join("")
    .replace(/\.isochrome |\.picture /g, "")
    .replace(/var\((--[\w-]+)\)/g, (_, token: string) => tokens.getPropertyValue(token).trim());
  const style = `<style>${css.replace(/</g, "")}</style><rect class="paper" width="100%" height="100%"/>`;
  return svg.replace(/(<svg[^>]*>)/, (head) => head + style);
}
