/** The whole page: header, legend, pictures, ledger, and what the pointer and the keys do anywhere on it. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { ALL, AskPanel } from "./asking";
import { GoTo, Keys } from "./dialogs";
import { exportPicture } from "./export";
import { Footer } from "./footer";
import { useGestures } from "./gestures";
import { Header } from "./header";
import { useMedia, useStore, useWidth } from "./hooks";
import { keyTable, onKey } from "./keyboard";
import { Layers } from "./layers";
import { LedgerPanel } from "./ledgerpanel";
import { LegendBar } from "./legend";
import { Hatches } from "./logo";
import { SinglePanel, StartPanels } from "./panels";
import { Fault, Opaque } from "./states";
import { StatusLine } from "./statusline";
import { Playground } from "./playground";
import type { Store } from "./store";
import { Story } from "./story";
import { widthOf } from "./svg";
import { turnTheme } from "./theme";
import type { DrawAnswer } from "./types";
import { hasLedger, onCanvas, START } from "./views";
import { lead } from "./words";

export function App({ store, root }: { store: Store; root: HTMLElement }) {
  useStore(store);
  const box = useRef<HTMLDivElement>(null);
  const narrow = useMedia("(max-width: 1099px)");
  const many = store.model.report.layers.length > 1;
  const [list, setList] = useState(() => many && !narrow && !root.classList.contains("narrow"));
  const [dialog, setDialog] = useState<"keys" | "goto" | null>(null);
  const theme = (): void => turnTheme(root);
  const table = useMemo(
    () =>
      keyTable({
        theme,
        ask: () => store.set({ ask: ALL }),
        help: () => setDialog("keys"),
        goTo: () => setDialog("goto"),
        save: () => void exportPicture(store, store.shown[0]!),
      }),
    [store],
  );
  useEffect(() => {
    // In someone else's page only keys pressed inside the explorer are meant for it, and all of those without a
    // modifier are kept from the page: there "d", twice, may delete a cell.
    const own = root.ownerDocument.documentElement.classList.contains("isochrome-page");
    const scope: HTMLElement | Document = own ? root.ownerDocument : root;
    const listener = (event: Event): void => {
      const key = event as KeyboardEvent;
      onKey(store, table, key);
      if (!own && !key.ctrlKey && !key.metaKey && !key.altKey && !(key.shiftKey && key.key === "Enter"))
        event.stopPropagation();
    };
    scope.addEventListener("keydown", listener);
    return () => scope.removeEventListener("keydown", listener);
  }, [store, table]);
  useGestures(store, box);
  return (
    <div class={`frame${list ? " with-list" : ""}`} ref={box}>
      <Hatches />
      <Header
        store={store}
        listOpen={list}
        onList={() => setList(!list)}
        onTheme={theme}
        onAsk={() => store.set({ ask: ALL })}
        onHelp={() => setDialog("keys")}
      />
      {list && <Layers store={store} onClose={() => setList(false)} />}
      <Main store={store} />
      {store.state.ask !== undefined && store.record && <AskPanel store={store} asked={store.state.ask} />}
      {dialog === "keys" && <Keys table={table} onClose={() => setDialog(null)} />}
      {dialog === "goto" && <GoTo store={store} onClose={() => setDialog(null)} />}
    </div>
  );
}

/** The ledger stands beside a single picture where both have room, else under it. */
const LEDGER = 446;
const SCALE = 0.92;
const EDGES = 88;

function Main({ store }: { store: Store }) {
  const box = useRef<HTMLElement>(null);
  const width = useWidth(box, 1280);
  useLayoutEffect(() => store.fit(width < 620 ? width - 38 : width - 82), [store, width]);
  const { record, state, model } = store;
  const answer = store.shown.map((picture) => picture.answer).find((one) => one);
  if (!record || store.layerError)
    return (
      <main class="main" ref={box}>
        <div class="title">
          <h1>{record?.name ?? "No such layer"}</h1>
        </div>
        <div class="panel">
          <Fault text={store.layerError ?? NO_LAYERS} />
          {model.first && (
            <p>
              What still works: <button type="button" class="plain" onClick={() => store.show(model.first!)}>the layer shown first ›</button>
            </p>
          )}
        </div>
      </main>
    );
  const start = state.view === START;
  const beside =
    !start &&
    !hasLedger(state.view) &&
    !onCanvas(state.view) &&
    !store.atOneLevel &&
    width - LEDGER - EDGES >= SCALE * (answer ? widthOf(answer.svg) : 0) &&
    width >= 1100;
  const uncoloured = answer?.legend.level === "none";
  return (
    <main class={`main ${start ? "is-start" : "is-single"}${beside ? " beside" : ""}`} ref={box}>
      <div class="title">
        <Story store={store} />
        <h1>{heading(store, uncoloured)}</h1>
        <p>
          {record.opaque && !store.whole ? record.kind : lead(state.view, subtitle(state.view, answer), state.level)}
        </p>
      </div>
      {record.opaque && !store.whole ? (
        <div class="panel">
          <Opaque record={record} />
        </div>
      ) : (
        <>
          <Playground store={store} />
          {!uncoloured && <LegendBar store={store} legend={answer?.legend ?? null} />}
          {start ? <StartPanels store={store} /> : <SinglePanel store={store} />}
          {store.whole ? null : (hasLedger(state.view) && answer) || store.atOneLevel ? (
            <section class="panel slim" aria-label="Pointed at">
              <StatusLine store={store} />
            </section>
          ) : (
            <LedgerPanel store={store} legend={answer?.legend ?? null} />
          )}
        </>
      )}
      <Footer store={store} />
    </main>
  );
}

/** What is drawn, in a sentence. What the page draws itself is no window of the host's. */
const subtitle = (view: string, answer: DrawAnswer | null | undefined): string | undefined =>
  onCanvas(view) && answer?.window ? answer.subtitle?.split(" Drawn: ")[0] : answer?.subtitle;

/** The law of the screen; a picture without identities has none, and is called by its name. */
function heading(store: Store, uncoloured: boolean): string {
  const { record, state, model } = store;
  if (record?.opaque && !store.whole) return record.name;
  if (store.whole) return "The whole model";
  if (uncoloured) return model.views.find((view) => view.name === state.view)?.title ?? state.view;
  const legend = store.shown.find((picture) => picture.answer)?.answer?.legend;
  return legend?.title || `Same colour = same ${state.level}`;
}

const NO_LAYERS =
  "No layers: this model has no layer with stored weights. Open another one with `isochrome open MODEL`.";
