/** What the formula says, in words; the verdict on the third picture, and on what people say of such pictures. */
import { ALL, useAnswer } from "./asking";
import { Input } from "./ownpicture";
import type { Store } from "./store";
import type { ClaimsAnswer } from "./types";
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
      {(!start || store.alone) && <Input store={store} />}
    </footer>
  );
}

/** Each claim with its verdict as a word: colour is for identities. */
function Claims({ store }: { store: Store }) {
  const { answer } = useAnswer<ClaimsAnswer>(store, `claims/${store.state.layer}`);
  if (!answer?.claims.length) return null;
  return (
    <section class="claimed">
      <dl class="claims" aria-label="What people say of such pictures">
        {answer.claims.map(({ claim, verdict, because }) => (
          <div key={claim}>
            <dt>
              <b class={`mono verdict-word${verdict ? " holds" : ""}`}>{verdict ? "true" : "false"}</b>{" "}
              <span class="claim">{claim}</span>
            </dt>
            <dd>{because}</dd>
          </div>
        ))}
      </dl>
      <p>
        {answer.checked}{" "}
        <button type="button" class="plain" onClick={() => store.set({ ask: ALL })}>
          Claim something else ›
        </button>
      </p>
    </section>
  );
}
