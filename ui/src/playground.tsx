/** The playground: a formula and its sizes, typed or taken from the gallery; every view shows it. */
import { useState } from "preact/hooks";
import { hash } from "./state";
import type { Store } from "./store";
import { START } from "./views";

/** A room of the program's: the line and the sizes are its address. */
export const room = (home: string, line: string, sizes: string): string =>
  `${home}/at/${encodeURIComponent(`formula:${line}${sizes.trim() ? `;${sizes}` : ""}`.replace(/\s+/g, " "))}/`;

export function Playground({ store }: { store: Store }) {
  const given = store.model.playground;
  const [line, setLine] = useState(given?.line ?? "");
  const [sizes, setSizes] = useState(given?.sizes ?? "");
  const [fault, setFault] = useState("");
  const { home } = store;
  if (!given || home === null) return null;
  const go = async (to: { line: string; sizes: string }): Promise<void> => {
    setFault("");
    const address = room(home, to.line, to.sizes);
    const said = await fetch(`${address}api/model`, { credentials: "same-origin" })
      .then(async (response) => {
        const body = (await response.json()) as { error?: string };
        return response.ok ? "" : (body.error ?? `The program answered ${response.status}.`);
      })
      .catch(() => "The program behind this page does not answer.");
    setFault(said);
    const { view, level } = store.state;
    if (!said) location.href = address + hash({ layer: 0, view: view === "next" ? START : view, level });
  };
  return (
    <section class="panel playground" aria-labelledby="playground">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void go({ line, sizes });
        }}
      >
        <h2 id="playground">Playground</h2>
        <label class="line">
          <span>formula</span>
          <input
            class="mono"
            spellcheck={false}
            value={line}
            aria-invalid={fault !== ""}
            aria-describedby="playground-fault"
            onInput={(event) => setLine(event.currentTarget.value)}
          />
        </label>
        <label class="sizes">
          <span>sizes</span>
          <input
            class="mono"
            spellcheck={false}
            value={sizes}
            aria-describedby="playground-fault"
            onInput={(event) => setSizes(event.currentTarget.value)}
          />
        </label>
        <button class="outlined">Draw it</button>
      </form>
      <p class="fault-line" id="playground-fault" role="status">
        {fault}
      </p>
      <ul class="gallery" aria-label="Gallery of formulas">
        {given.gallery.map((one) => (
          <li key={one.name}>
            <button type="button" class="chip" aria-pressed={one.here} title={one.line} onClick={() => void go(one)}>
              {one.name}
            </button>
          </li>
        ))}
      </ul>
      <p class="words">{given.words.join(" ")}</p>
    </section>
  );
}
