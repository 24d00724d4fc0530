/** The bar at the top: whose layer this is, which view, and the page's own few controls. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Exports } from "./export";
import { useWidth } from "./hooks";
import { Logo } from "./logo";
import type { Store } from "./store";
import { tabsOf } from "./views";

interface Props {
  store: Store;
  listOpen: boolean;
  onList(): void;
  onTheme(): void;
  onAsk(): void;
  onHelp(): void;
}

export function Header({ store, listOpen, onList, onTheme, onAsk, onHelp }: Props) {
  const { model, record, state } = store;
  const many = model.report.layers.length;
  return (
    <header class="bar">
      {store.home === null ? (
        <span class="brand">
          <Logo /> <b>isochrome</b>
        </span>
      ) : (
        <a class="brand" href={`${store.home}/`} aria-label="isochrome: back to the model that it was opened with">
          <Logo /> <b>isochrome</b>
        </a>
      )}
      <button
        type="button"
        class="crumb"
        aria-expanded={listOpen}
        aria-controls="layers"
        onClick={onList}
        title="Choose a layer"
      >
        <span class="model">{model.title || model.name}</span>
        <span class="sep" aria-hidden="true">
          ›
        </span>
        <b class="mono">{record?.name ?? "no layer"}</b>
        <span class="quiet">{many > 1 && record ? `${state.layer + 1} of ${many}` : ""}</span>
      </button>
      <Views store={store} />
      <span class="tools">
        <button type="button" class="plain" onClick={onAsk} aria-keyshortcuts="/">
          ask
        </button>
        <button type="button" class="plain" onClick={onHelp} aria-label="Keys" aria-keyshortcuts="?">
          ?
        </button>
        <button type="button" class="plain" onClick={onTheme} aria-keyshortcuts="t">
          theme
        </button>
        <Exports store={store} />
      </span>
    </header>
  );
}

/** Room for the list of the views that no tab is shown for, and between two tabs. */
const MORE = 104;
const GAP = 18;
/** Fewer tabs than this beside a list are a riddle: then all are in the list. */
const FEW = 3;

/** How many tabs fit beside the list of the others; all of them where none is needed. */
function fitting(widths: readonly number[], room: number): number {
  const sum = (count: number): number => widths.slice(0, count).reduce((total, width) => total + width + GAP, -GAP);
  if (sum(widths.length) <= room) return widths.length;
  let count = widths.length - 1;
  while (count > 0 && sum(count) + GAP + MORE > room) count--;
  return count < FEW ? 0 : count;
}

/** Tabs as far as they fit on one line, the other views in a list after them. */
function Views({ store }: { store: Store }) {
  const tabs = tabsOf(store.model);
  const box = useRef<HTMLElement>(null);
  const ruler = useRef<HTMLSpanElement>(null);
  const width = useWidth(box, 1000);
  const [widths, setWidths] = useState<number[]>([]);
  useLayoutEffect(() => {
    setWidths([...(ruler.current?.children ?? [])].map((tab) => (tab as HTMLElement).offsetWidth));
  }, [tabs.length, width]);
  const reason = (name: string): string => store.layer?.answer.views.find((view) => view.name === name)?.reason ?? "";
  const count = fitting(widths, width);
  const rest = tabs.slice(count);
  const listed = rest.some(({ name }) => name === store.state.view);
  return (
    <nav class="views" aria-label="Views" ref={box}>
      <span class="ruler" aria-hidden="true" ref={ruler}>
        {tabs.map(({ name }) => (
          <b key={name}>{name}</b>
        ))}
      </span>
      {tabs.slice(0, count).map(({ name, title }) => (
        <button
          type="button"
          key={name}
          class={`tab${reason(name) ? " off" : ""}`}
          data-name={name}
          title={reason(name) || title}
          aria-current={store.state.view === name ? "page" : undefined}
          onClick={() => store.set({ view: name })}
        >
          {name}
        </button>
      ))}
      {rest.length > 0 && (
        <select
          aria-label={count ? "More views" : "View"}
          class={listed && count ? "current" : ""}
          value={listed ? store.state.view : ""}
          onChange={(event) => store.set({ view: event.currentTarget.value })}
        >
          {!listed && (
            <option value="" disabled hidden>
              more
            </option>
          )}
          {rest.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      )}
    </nav>
  );
}
