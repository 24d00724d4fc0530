/** The way through the first story: one layer, where the next one comes in, one's own model. */
import { useState } from "preact/hooks";
import { Modal } from "./dialogs";
import { room as formula } from "./playground";
import type { Store } from "./store";
import { START } from "./views";

/** Where the playground begins: the line that everything is told against. */
const FIRST = {
  line: "y[m, p, q] += w[m, c, u, v] * x[c, p + u - 1, q + v - 1]",
  sizes: "y=3,6,6; w=3,2,3,3; x=2,6,6",
};

/** The examples that the story goes through, and the view that each is opened in. */
const ONE_LAYER = "example:stanford";
const TWO_LAYERS = "example:photos";

export function Story({ store }: { store: Store }) {
  const [own, setOwn] = useState(false);
  const { home, state, model } = store;
  if (home === null) return null;
  const room = (name: string, hash: string): string => `${home}/at/${name}/#${hash}`;
  const here = (name: string): boolean => model.name === name;
  const start = state.view === START && !model.playground;
  const next = state.view === "next";
  return (
    <nav class="story" aria-label="The first story">
      {next && <a href={room(ONE_LAYER, "view=start")}>‹ One layer</a>}
      {start && here(ONE_LAYER) && (
        <a class="outlined" href={room(TWO_LAYERS, "layer=0&view=next&level=filter")}>
          Where the next layer comes in ›
        </a>
      )}
      {(next || start) && <a href={formula(home, FIRST.line, FIRST.sizes)}>Playground ›</a>}
      {(next || start) && (
        <button type="button" class={next ? "outlined" : "plain"} onClick={() => setOwn(true)}>
          Open your own ›
        </button>
      )}
      {own && <OpenYourOwn onClose={() => setOwn(false)} />}
    </nav>
  );
}

/** A page can open no file by its path: the program that serves it does. */
export function OpenYourOwn({ onClose }: { onClose(): void }) {
  return (
    <Modal title="Open your own model" onClose={onClose}>
      <p>In a terminal:</p>
      <pre class="mono">isochrome open model.onnx</pre>
      <p>
        The file is read, never run as a program; no weight leaves this machine. With <code>--input photo.png</code> it
        shows your picture.
      </p>
      <form method="dialog">
        <button class="outlined">Close</button>
      </form>
    </Modal>
  );
}
