/** Going through the neurons: one at a time, at the reader's pace, or several side by side where motion would mislead. */
import { useEffect, useState } from "preact/hooks";
import { useMedia } from "./hooks";
import { following } from "./moves";
import { Drawing } from "./picture";
import { named, plural } from "./numbers";
import type { Picture, Store } from "./store";
import { panelsOf } from "./views";
import type { Place } from "./types";

const PACES: [string, number][] = [
  ["slowly", 2400],
  ["steadily", 1200],
  ["quickly", 500],
];
const SIDE_BY_SIDE = 3;

export function Stepping({ store }: { store: Store }) {
  const [pace, setPace] = useState(PACES[1]![1]);
  const [playing, setPlaying] = useState(false);
  const still = useMedia("(prefers-reduced-motion: reduce)");
  const { layer, state } = store;
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => {
      // The next one comes only when this one is drawn: no frame is skipped.
      if (store.shown.some((picture) => picture.loading)) return;
      if (!store.step(1)) setPlaying(false);
    }, pace);
    return () => clearInterval(timer);
  }, [playing, pace, store]);
  if (!layer?.has(state.i) || store.atOneLevel || layer.neurons.reduce((a, b) => a * b, 1) < 2) return null;
  // More colours make sense where weights or taps are coloured, not where a picture has no identities.
  const able = ["weight", "tap"].includes(store.shown[0]?.answer?.legend.level ?? "");
  return (
    <div class="stepping" role="group" aria-label="Step through the neurons">
      <button type="button" class="outlined" aria-keyshortcuts="," onClick={() => store.step(-1)}>
        ‹ step
      </button>
      <button type="button" class="outlined" aria-keyshortcuts="." onClick={() => store.step(1)}>
        step ›
      </button>
      {!still && (
        <>
          <button type="button" class="outlined" onClick={() => setPlaying(!playing)}>
            {playing ? "stop" : "play"}
          </button>
          <select
            aria-label="Pace"
            value={String(pace)}
            onChange={(event) => setPace(Number(event.currentTarget.value))}
          >
            {PACES.map(([name, time]) => (
              <option key={name} value={String(time)}>
                {name}
              </option>
            ))}
          </select>
        </>
      )}
      {!store.alone && panelsOf(store.model, state.view).length === 1 && (
        <label class="check">
          <input
            type="checkbox"
            checked={!!state.frames}
            onChange={(event) => store.set({ frames: event.currentTarget.checked ? SIDE_BY_SIDE : undefined })}
          />{" "}
          side by side
        </label>
      )}
      {!store.alone && able && (
        <label class="check many" title="Some eyes cannot tell 27 colours apart; the labels stay on">
          <input
            type="checkbox"
            checked={state.many === 1}
            onChange={(event) => store.set({ many: event.currentTarget.checked ? 1 : undefined })}
          />{" "}
          27 colours (some eyes cannot tell these apart; labels stay on)
        </label>
      )}
    </div>
  );
}

/** The drawings of i and of the neurons after it, each a picture of its own, nothing moving. */
export function Frames({ store }: { store: Store }) {
  const { layer, state } = store;
  if (!layer?.has(state.i)) return null;
  const places: Place[] = [state.i];
  while (places.length < Math.min(state.frames ?? 1, 9)) {
    const next = following(layer, places.at(-1)!, 1);
    if (!next) break;
    places.push(next);
  }
  return (
    <div class="frames" aria-label={plural(places.length, "neuron")}>
      {places.map((place) => (
        <Frame key={place.join(",")} store={store} place={place} />
      ))}
    </div>
  );
}

function Frame({ store, place }: { store: Store; place: Place }) {
  const path = store.frameOf(place);
  const [picture, setPicture] = useState<Picture>();
  useEffect(() => {
    let current = true;
    void store.lone(path).then((found) => current && setPicture(found));
    return () => {
      current = false;
    };
  }, [path]);
  return (
    <section aria-label={named("y", place)}>
      <h3 class="mono">{named("y", place)}</h3>
      {picture?.path === path && <Drawing store={store} picture={picture} />}
    </section>
  );
}
