/** What the formula says, in words; the verdict on the third picture, and on what people say of such pictures. */
import { claims } from "./claims";
import type { Store } from "./store";
import { START } from "./views";
import { loopClauses, verdict } from "./words";

export function Footer({ store }: { store: Store }) {
  const record = store.record;
  if (!record || record.opaque) return null;
  const start = store.state.view === START;
  return (
    <footer class="foot">
      {start && (
        <div class="verdict">
          <p>
            <b>Is picture 3 right?</b> {verdict(record)}
          </p>
        </div>
      )}
      <div class="formula">
        {(store.layer?.answer.lines.map((line) => line.formula) ?? record.formulas).slice(0, 4).map((formula) => (
          <code key={formula}>{formula}</code>
        ))}
        <p>{loopClauses(record, start).join(" ")}</p>
      </div>
      {start && <Claims store={store} />}
    </footer>
  );
}

/** Each claim with its verdict as a word: colour is for identities. */
function Claims({ store }: { store: Store }) {
  const all = claims(store);
  if (all.length === 0) return null;
  return (
    <dl class="claims" aria-label="What people say of such pictures">
      {all.map(({ text, holds, because }) => (
        <div key={text}>
          <dt>
            <b class={`mono verdict-word${holds ? " holds" : ""}`}>{holds ? "true" : "false"}</b> {text}
          </dt>
          <dd>{because}</dd>
        </div>
      ))}
    </dl>
  );
}
