/** The pictures of a view: three side by side on the first screen, one in the middle otherwise. */
import { Drawing } from "./picture";
import type { Store } from "./store";
import { panelsOf } from "./views";
import { panelWords } from "./words";

export function StartPanels({ store }: { store: Store }) {
  const words = panelWords(store.layer, store.state.i);
  return (
    <div class="three">
      {panelsOf(store.model, store.state.view).map(({ view, title }, k) => (
        <section key={view} class="panel" data-view={view} aria-labelledby={`panel-${k}`}>
          <div class="top">
            <h2 id={`panel-${k}`}>
              <span class="mono">{k + 1}</span> {title}
            </h2>
            <p class="subtitle">{words[k]}</p>
          </div>
          <Drawing store={store} picture={store.shown[k]!} />
        </section>
      ))}
    </div>
  );
}

export function SinglePanel({ store }: { store: Store }) {
  return (
    <section class="panel single" data-view={store.state.view} aria-label={store.state.view}>
      {store.whole && (
        <p class="actions">
          <button
            type="button"
            class="outlined"
            aria-pressed={store.state.fold === 0}
            aria-keyshortcuts="f"
            onClick={() => store.turnFold()}
          >
            {store.state.fold === 0 ? "Fold repeated blocks" : "Unfold repeated blocks"}
          </button>
          <span>A click on a layer opens it; the arrows move the neuron whose cone is drawn.</span>
        </p>
      )}
      <Drawing store={store} picture={store.shown[0]!} />
    </section>
  );
}
