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
  onHelp(): void;
}

export function Header({ store, listOpen, onList, onTheme, onHelp }: Props) {
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
        <span class="quiet">{many > 1 ? `${state.layer + 1} of ${many}` : ""}</span>
      </button>
      <Views store={store} />
      <span class="tools">
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

/** Tabs where they fit on one line, a select where they do not. */
function Views({ store }: { store: Store }) {
  const tabs = tabsOf(store.model);
  const box = useRef<HTMLElement>(null);
  const ruler = useRef<HTMLSpanElement>(null);
  const width = useWidth(box, 1000);
  const [needed, setNeeded] = useState(0);
  useLayoutEffect(() => setNeeded(ruler.current?.scrollWidth ?? 0), [tabs.length, width]);
  const reason = (name: string): string => store.layer?.answer.views.find((view) => view.name === name)?.reason ?? "";
  return (
    <nav class="views" aria-label="Views" ref={box}>
      <span class="ruler" aria-hidden="true" ref={ruler}>
        {tabs.map(({ name }) => (
          <b key={name}>{name}</b>
        ))}
      </span>
      {needed <= width ? (
        tabs.map(({ name, title }) => (
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
        ))
      ) : (
        <select
          aria-label="View"
          value={store.state.view}
          onChange={(event) => store.set({ view: event.currentTarget.value })}
        >
          {tabs.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      )}
    </nav>
  );
}
