/** The words, buttons and lens around the matrix. */
import type { WeightLine } from "./layer";
import type { Acts } from "./matrixacts";
import { entryName } from "./matrixmarks";
import type { Entry, Matrix } from "./matrixmodel";
import type { Detail } from "./matrixpaint";
import { window as entries, type Size, type Viewport } from "./matrixview";
import { count, named, plural, value } from "./numbers";
import type { Store } from "./store";

/** Which part is on screen, and what a pixel is. */
export function Where({
  matrix,
  view,
  size,
  total,
  detail,
  grain,
}: {
  matrix: Matrix;
  view: Viewport;
  size: Size;
  total: Size;
  detail: Detail;
  /** CSS pixels to a pixel of ink. */
  grain: number;
}) {
  const says = (flat: Matrix["rows"], key: "y" | "x"): string =>
    flat.says(...entries(view[key], total[key], size[key]));
  const covers = (key: "y" | "x", one: string): string => {
    const per = view[key].per * grain;
    const least = Math.max(1, Math.floor(per));
    return per > 1 && !Number.isInteger(per) ? `${count(least)} to ${plural(least + 1, one)}` : plural(least, one);
  };
  const pixel = grain > 1 ? `${grain}×${grain} pixels` : "1 pixel";
  return (
    <p class="where">
      <span>
        <b>neurons:</b> {says(matrix.rows, "y")} <b>inputs:</b> {says(matrix.columns, "x")}
      </span>
      <span class="pixel">
        {detail === "ink"
          ? `${pixel} = ${covers("y", "neuron")} × ${covers("x", "input")}. No identity colour at this zoom: ink = connections under it ÷ the larger of both, full at 1.`
          : `${plural(Math.round(10 / view.x.per) / 10, "pixel")} to an entry. Blank is a fixed zero.`}
      </span>
    </p>
  );
}

/** Where the single entries beside the matrix lie. */
export function Lens({
  view,
  size,
  gutter,
  at,
}: {
  view: Viewport;
  size: Size;
  gutter: Size;
  at: { row: number; column: number };
}) {
  const place = { y: (at.row + 0.5 - view.y.low) / view.y.per, x: (at.column + 0.5 - view.x.low) / view.x.per };
  if (place.y < 0 || place.x < 0 || place.y > size.y || place.x > size.x) return null;
  const right = place.x > size.x - 40;
  return (
    <svg class="marks" width={size.x + gutter.x} height={size.y + gutter.y} aria-hidden="true">
      <g transform={`translate(${gutter.x + place.x} ${gutter.y + place.y})`}>
        <rect class="halo" x={-7} y={-7} width={14} height={14} rx={3} />
        <rect class="lens" x={-7} y={-7} width={14} height={14} rx={3} />
        <g class="tag" transform={`translate(${right ? -28 : 12} ${place.y < 26 ? 8 : -24})`}>
          <rect class="edge" width={16} height={16} rx={3} />
          <text class="mono" x={8} y={12} text-anchor="middle">
            1
          </text>
        </g>
      </g>
    </svg>
  );
}

export function Tools({ acts, last }: { acts: Acts; last: boolean }) {
  const buttons: [key: string, text: string, act: () => void, on?: boolean][] = [
    ["+", "zoom in", acts.zoomIn],
    ["−", "zoom out", acts.zoomOut],
    ["0", "whole", acts.whole],
    ["n", "next connection", () => acts.next()],
    ["c", "channel last", acts.order, last],
  ];
  return (
    <div class="tools" role="group" aria-label="Matrix">
      {buttons.map(([key, text, act, on]) => (
        <button
          type="button"
          class="outlined"
          key={key}
          onClick={act}
          aria-keyshortcuts={key === "−" ? "-" : key}
          aria-pressed={on}
        >
          <span class="mono">{key}</span> {text}
        </button>
      ))}
    </div>
  );
}

/** What stands at an entry, in words: for the eye and for a screen reader. */
export function said(store: Store, matrix: Matrix, line: WeightLine, entry: Entry | null): string {
  if (!entry) return "Point at an entry, or select one: its row is a neuron, its column an input.";
  const name = entryName(entry.neuron, entry.input);
  if (entry.several)
    return `${name}: ${plural(matrix.connections([entry.row, entry.row + 1], [entry.column, entry.column + 1]), "weight")} added`;
  if (!entry.weight) return `${name}: no connection, a fixed zero`;
  const tensor = line.relation.accesses[line.weight]!.tensor;
  const number = store.layer?.tensorOf(line, line.weight)?.at(entry.weight);
  return `${name}: ${named(tensor, entry.weight)}${number === undefined ? "" : ` = ${value(number)}`}`;
}
