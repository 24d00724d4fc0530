/** The whole page: header, legend, pictures, ledger, and what the pointer and the keys do anywhere on it. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { GoTo, Keys } from "./dialogs";
import { exportPicture } from "./export";
import { Footer } from "./footer";
import { useGestures } from "./gestures";
import { Header } from "./header";
import { PHONE, useMedia, useStore } from "./hooks";
import { keyTable, onKey } from "./keyboard";
import { Layers } from "./layers";
import { LedgerPanel } from "./ledgerpanel";
import { LegendBar } from "./legend";
import { Hatches } from "./logo";
import { SinglePanel, StartPanels } from "./panels";
import { Fault, Opaque } from "./states";
import type { Store } from "./store";
import { turnTheme } from "./theme";
import { START } from "./views";
import { lead } from "./words";

export function App({ store, root }: { store: Store; root: HTMLElement }) {
  useStore(store);
  const box = useRef<HTMLDivElement>(null);
  const narrow = useMedia("(max-width: 1099px)");
  const [list, setList] = useState(() => store.model.report.layers.length > 1 && !narrow);
  const [dialog, setDialog] = useState<"keys" | "goto" | null>(null);
  const theme = (): void => turnTheme(root);
  const table = useMemo(
    () =>
      keyTable({
        theme,
        help: () => setDialog("keys"),
        goTo: () => setDialog("goto"),
        save: () => void exportPicture(store, store.shown[0]!),
      }),
    [store],
  );
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => onKey(store, table, event);
    root.ownerDocument.addEventListener("keydown", listener);
    return () => root.ownerDocument.removeEventListener("keydown", listener);
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
        onHelp={() => setDialog("keys")}
      />
      {list && <Layers store={store} onClose={() => setList(false)} />}
      <Main store={store} />
      {dialog === "keys" && <Keys table={table} onClose={() => setDialog(null)} />}
      {dialog === "goto" && <GoTo store={store} onClose={() => setDialog(null)} />}
    </div>
  );
}

function Main({ store }: { store: Store }) {
  const phone = useMedia(PHONE);
  const { record, state, model } = store;
  const answers = store.shown.map((picture) => picture.answer);
  const legend = answers.find((answer) => answer)?.legend ?? null;
  if (!record || store.layerError)
    return (
      <main class="main">
        <div class="panel">
          <Fault
            text={store.layerError ?? emptyText(model.report.layers.length)}
            rest={
              model.report.layers.length > 1 ? "The other layers are still shown: choose one in the list." : undefined
            }
          />
        </div>
      </main>
    );
  const start = state.view === START;
  const title = model.views.find((view) => view.name === state.view)?.title ?? state.view;
  return (
    <main class={`main${start ? " is-start" : " is-single"}`}>
      <div class="title">
        <h1>{record.opaque ? record.name : legend?.title || `Same colour = same ${state.level}`}</h1>
        <p>{record.opaque ? record.kind : lead(state.view, title, state.level)}</p>
      </div>
      {record.opaque ? (
        <div class="panel">
          <Opaque record={record} />
        </div>
      ) : (
        <>
          <LegendBar store={store} legend={legend} />
          {start ? <StartPanels store={store} /> : <SinglePanel store={store} />}
          <LedgerPanel store={store} legend={legend} narrow={phone || !start} />
        </>
      )}
      <Footer store={store} />
    </main>
  );
}

const emptyText = (layers: number): string =>
  layers === 0
    ? "No layers: this model has no layer with stored weights. Open another one with `isochrome open MODEL`."
    : "This layer is not in the model. Choose one in the list.";
