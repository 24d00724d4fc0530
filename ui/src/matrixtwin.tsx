/** The connections on screen as a table, for those who do not see the matrix. */
import { useState } from "preact/hooks";
import { NONE, SEVERAL } from "./codes";
import type { WeightLine } from "./layer";
import type { Matrix } from "./matrixmodel";
import { window, type Size, type Viewport } from "./matrixview";
import { count, placeText, value } from "./numbers";
import type { Store } from "./store";

const MOST_ROWS = 1000;
const MOST_ENTRIES = 200_000;

interface Props {
  matrix: Matrix;
  line: WeightLine;
  store: Store;
  view: Viewport;
  size: Size;
}

export function MatrixTwin(props: Props) {
  const [open, setOpen] = useState(false);
  return (
    <details class="twin" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>table</summary>
      {open && <Twin {...props} />}
    </details>
  );
}

function Twin({ matrix, line, store, view, size }: Props) {
  const [top, bottom] = window(view.y, matrix.rows.total, size.y);
  const [left, right] = window(view.x, matrix.columns.total, size.x);
  const entries = (bottom - top) * (right - left);
  if (entries > MOST_ENTRIES)
    return (
      <p>
        {count(entries)} entries are on screen. Zoom in: of a window of up to {count(MOST_ENTRIES)} entries the
        connections are listed here.
      </p>
    );
  const columns = Float64Array.from({ length: right - left }, (_, n) => left + n);
  const rows = Float64Array.from({ length: bottom - top }, (_, n) => top + n);
  const found: [string, string, string, string][] = [];
  let total = 0;
  matrix.weights(rows, columns).forEach((weight, at) => {
    if (weight === NONE || ++total > MOST_ROWS) return;
    const neuron = matrix.rows.place(top + Math.floor(at / columns.length));
    const input = matrix.columns.place(left + (at % columns.length));
    const place = weight === SEVERAL ? null : matrix.weightPlace(weight);
    const number = place && store.layer?.tensorOf(line, line.weight)?.at(place);
    const text = typeof number === "number" ? value(number) : "";
    found.push([placeText(neuron), placeText(input), place ? placeText(place) : "several", text]);
  });
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="The connections on screen as a table">
      <table>
        <thead>
          <tr>
            {["neuron", "input", "weight", "value"].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {found.map((row, k) => (
            <tr key={k}>
              {row.map((text, n) => (
                <td key={n}>{text}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {total > MOST_ROWS && (
        <p>
          The first {count(MOST_ROWS)} of {count(total)} connections.
        </p>
      )}
    </div>
  );
}
