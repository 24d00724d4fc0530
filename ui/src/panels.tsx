/** The pictures of a view: three side by side on the first screen, one in the middle otherwise. */
import { matrixLine } from "./matrixmodel";
import { MatrixPanel } from "./matrixpanel";
import { isOwn } from "./ownpicture";
import { Drawing } from "./picture";
import type { Store } from "./store";
import { StatusLine } from "./statusline";
import { Frames, Stepping } from "./stepping";
import { onCanvas, panelsOf } from "./views";
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
  const picture = store.shown[0]!;
  const line = onCanvas(store.state.view) && !picture.unfit ? matrixLine(store.layer, store.state) : null;
  return (
    <section class="panel single" data-view={store.state.view} aria-label={store.state.view}>
      {store.whole && (
        <div class="actions">
          {store.model.foldable && (
            <button type="button" class="outlined" aria-keyshortcuts="f" onClick={() => store.turnFold()}>
              {store.state.fold === 0 ? "Fold equal blocks" : "Unfold equal blocks"}
            </button>
          )}
          <Samples store={store} />
          <p class="hint">A click on a layer opens it; arrows move the neuron whose cone is drawn.</p>
          <StatusLine store={store} />
        </div>
      )}
      {!line && <Stepping store={store} />}
      {line ? (
        <MatrixPanel key={store.state.layer} store={store} picture={picture} line={line} />
      ) : store.state.frames && !store.atOneLevel && !store.alone ? (
        <Frames store={store} />
      ) : (
        <Drawing store={store} picture={picture} />
      )}
    </section>
  );
}

/** The inputs that come with an example: another one is another page, with the same state. */
function Samples({ store }: { store: Store }) {
  const { home, base, model } = store;
  const names = model.samples ?? [];
  if (home === null || base === null || names.length < 2 || isOwn(base)) return null;
  const chosen = decodeURIComponent(base).split(";")[1] ?? names[0]!;
  return (
    <label class="check">
      input{" "}
      <select
        value={chosen}
        onChange={(event) => {
          location.href = `${home}/at/${encodeURIComponent(`${model.name};${event.currentTarget.value}`)}/${location.hash}`;
        }}
      >
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}
