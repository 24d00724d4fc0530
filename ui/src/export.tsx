/** Saving what is on the screen: the drawing as a file that stands on its own. */
import { useRef, useState } from "preact/hooks";
import { save } from "./svg";
import type { Picture, Store } from "./store";
import type { DrawAnswer } from "./types";
import { onCanvas, panelsOf } from "./views";

export function Exports({ store }: { store: Store }) {
  const box = useRef<HTMLDetailsElement>(null);
  const [said, setSaid] = useState("");
  const panels = panelsOf(store.model, store.state.view);
  const close = (): void => box.current?.removeAttribute("open");
  const copy = (): void => {
    const done = navigator.clipboard?.writeText(location.href) ?? Promise.reject(new Error("no clipboard"));
    void done.then(
      () => setSaid("The link is copied."),
      () => setSaid("The browser keeps its clipboard closed: copy the address above."),
    );
  };
  return (
    <details class="menu" ref={box} onToggle={() => setSaid("")}>
      <summary class="plain" aria-keyshortcuts="e">
        export
      </summary>
      <div class="sheet">
        {panels.map(({ view, title }, k) => (
          <button
            type="button"
            key={view}
            class="plain"
            disabled={!store.shown[k]?.answer}
            onClick={() => {
              close();
              void exportPicture(store, store.shown[k]!);
            }}
          >
            {panels.length > 1 ? `Save ${title} as SVG` : "Save this picture as SVG"}
          </button>
        ))}
        <button type="button" class="plain" onClick={copy}>
          Copy link
        </button>
        {store.base !== null && (
          <a class="plain" href={`${store.base}/save.html?layer=${store.state.layer}`} download="isochrome.html">
            Save this page, to open offline
          </a>
        )}
        <button
          type="button"
          class="plain"
          onClick={() => {
            close();
            print();
          }}
        >
          Print
        </button>
        <p role="status">{said}</p>
      </div>
    </details>
  );
}

/** The file that Python frames, with title and legend; where there is none, the drawing on screen with the page's own rules. */
export async function exportPicture(store: Store, picture: Picture): Promise<void> {
  if (!picture.answer) return;
  const name = `${store.record?.name ?? "layer"}-${picture.view}-${store.state.level}.svg`.replace(/[^\w.#-]+/g, "_");
  const { s, zoom, order } = store.state;
  const seen = Object.entries({ s, ...(onCanvas(picture.view) ? { window: zoom, order } : {}) });
  const more = [...seen.flatMap(([key, text]) => (text ? [`${key}=${text}`] : [])), "for=file"];
  const path = `${picture.path}${picture.path.includes("?") ? "&" : "?"}${more.join("&")}`;
  const framed = picture.answer.instead ? null : await store.ask<DrawAnswer>(path).catch(() => null);
  const shown = document.querySelector(`[data-view="${picture.view}"] .picture > svg`);
  const text = framed?.svg.includes("<style") ? framed.svg : withRules(shown?.outerHTML ?? picture.answer.svg);
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
