/** What the formula says, in words; and the verdict on the third picture. */
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
    </footer>
  );
}
