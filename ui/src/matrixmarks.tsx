/** What lies over the matrix's pixels: rules between blocks, names of rows and columns, outlines of what is selected. */
import { named } from "./numbers";
import type { Flat, Matrix } from "./matrixmodel";
import { window, type Size, type Span, type Viewport } from "./matrixview";
import type { Named } from "./codes";
import type { Place, Target } from "./types";

/** Room above the matrix. */
export const GUTTER = 34;
/** Names of blocks have their word where there is room for it. */
const WORDED = 74;

export interface Selected {
  i: number | null;
  j: number | null;
  column: number | null;
}
interface Props {
  matrix: Matrix;
  view: Viewport;
  size: Size;
  gutter: Size;
  selected: Selected;
  target: Target | null;
  /** What the target's identity is in the relation, where it has one. */
  pointed: Named | null;
}

export function MatrixMarks({ matrix, view, size: room, gutter, selected, target, pointed }: Props) {
  // A small matrix ends before its room does, and so does all that lies over it.
  const size = {
    y: Math.min(room.y, along(view.y, matrix.rows.total).from),
    x: Math.min(room.x, along(view.x, matrix.columns.total).from),
  };
  const lines = [
    ...rules(matrix.rows, view.y, size.y).map(({ at, strong }) => ({ strong, d: `M0 ${at}H${size.x}` })),
    ...rules(matrix.columns, view.x, size.x).map(({ at, strong }) => ({ strong, d: `M${at} 0V${size.y}` })),
  ];
  const block = pointed && blockOf(matrix, view, pointed);
  const path = (strong: boolean): string =>
    lines
      .filter((line) => line.strong === strong)
      .map(({ d }) => d)
      .join("");
  return (
    <svg class="marks" width={room.x + gutter.x} height={room.y + gutter.y} aria-hidden="true">
      <g transform={`translate(${gutter.x} ${gutter.y})`}>
        <clipPath id="matrix-clip">
          <rect x={-2} y={-2} width={size.x + 4} height={size.y + 4} />
        </clipPath>
        <path class="rule-hair" d={path(false)} />
        <path class="rule-line" d={path(true)} />
        <rect class="frame" width={size.x} height={size.y} />
        <g clip-path="url(#matrix-clip)">
          {pointed && !block && <Rings matrix={matrix} view={view} size={size} one={pointed} />}
          {block && <Line of="pointed" upright={block.upright} at={block.at} size={size} />}
          {target?.kind === "neuron" && (
            <Line of="pointed" at={along(view.y, matrix.rows.flat(target.place))} size={size} />
          )}
          {target?.kind === "input" && (
            <Line of="pointed" upright at={along(view.x, matrix.columns.flat(target.place))} size={size} />
          )}
          {selected.column !== null && <Line of="column" upright at={along(view.x, selected.column)} size={size} />}
          {selected.j !== null && <Line of="pinned" at={along(view.y, selected.j)} size={size} />}
          {selected.i !== null && <Line of="selected" at={along(view.y, selected.i)} size={size} />}
        </g>
        <Rows flat={matrix.rows} span={view.y} size={size} gutter={gutter} selected={selected} />
        <Columns flat={matrix.columns} span={view.x} size={size} />
      </g>
    </svg>
  );
}

interface Interval {
  from: number;
  to: number;
}
const along = ({ low, per }: Span, entry: number): Interval => ({
  from: (entry - low) / per,
  to: (entry + 1 - low) / per,
});

/** The rows or columns of an identity, where the matrix has them side by side. */
function blockOf(matrix: Matrix, view: Viewport, { access, axes, place }: Named) {
  const upright = access !== 0;
  if (axes.length === 0 || (upright && access !== matrix.record.access)) return null;
  const flat = upright ? matrix.columns : matrix.rows;
  const whole = flat.shape.map((_, axis) => (axes.includes(axis) ? place[axes.indexOf(axis)]! : 0));
  const wide = flat.order.filter((axis) => flat.shape[axis]! > 1);
  const own = wide.filter((axis) => axes.includes(axis));
  if (own.some((axis, k) => wide[k] !== axis)) return null;
  const [low, step] = [flat.flat(whole), own.length ? flat.steps[flat.order.indexOf(own.at(-1)!)]! : flat.total];
  const span = upright ? view.x : view.y;
  return { upright, at: { from: along(span, low).from, to: along(span, low + step - 1).to } };
}

/** A row or a column, outlined; never under 3 px. */
function Line({ of, at, size, upright = false }: { of: string; at: Interval; size: Size; upright?: boolean }) {
  const length = Math.max(at.to - at.from, 3);
  const from = (at.from + at.to - length) / 2;
  if (from + length < 0 || from > (upright ? size.x : size.y)) return null;
  const thin = length < 8 ? " thin" : "";
  const box = upright
    ? { x: from, y: -1, width: length, height: size.y + 2 }
    : { x: -1, y: from, width: size.x + 2, height: length };
  return (
    <>
      <rect class={`line ${of}${thin}`} rx={1.5} {...box} />
      {of === "pinned" && !thin && <rect class="line inner" rx={1.5} {...box} />}
    </>
  );
}

/** Outlines of all entries on screen that have one identity, where entries are large enough to have one. */
const RINGED = 4;
const MOST_RINGS = 2000;

function Rings({ matrix, view, size, one }: { matrix: Matrix; view: Viewport; size: Size; one: Named }) {
  if (Math.max(view.y.per, view.x.per) > 1 / RINGED) return null;
  const [top, bottom] = window(view.y, matrix.rows.total, size.y);
  const [left, right] = window(view.x, matrix.columns.total, size.x);
  const rows = Float64Array.from({ length: bottom - top }, (_, n) => top + n);
  const columns = Float64Array.from({ length: right - left }, (_, n) => left + n);
  const found = matrix.having(rows, columns, one);
  if (found.length > MOST_RINGS) return null;
  const d = found.map((at) => {
    const [y, x] = [along(view.y, top + Math.floor(at / columns.length)), along(view.x, left + (at % columns.length))];
    return `M${x.from - 0.5} ${y.from - 0.5}H${x.to + 0.5}V${y.to + 0.5}H${x.from - 0.5}Z`;
  });
  return <path class="rings" d={d.join("")} />;
}

/** Borders of blocks that are wide enough to be told apart, the outermost ones strong. */
const APART = 12;

function rules(flat: Flat, span: Span, pixels: number): { at: number; strong: boolean }[] {
  const [low, high] = window(span, flat.total, pixels);
  const found = new Map<number, boolean>();
  const level = outermost(flat);
  for (let k = level; k >= 0 && k < flat.steps.length - 1; k++) {
    const step = flat.steps[k]!;
    if (step / span.per < APART) break;
    for (let at = Math.ceil(low / step) * step; at < high; at += step)
      if (at > 0 && !found.has(at)) found.set(at, k === level);
  }
  return [...found].map(([at, strong]) => ({ at: (at - span.low) / span.per, strong }));
}

/** The first axis of the order that has more than one index. */
const outermost = (flat: Flat): number => flat.order.findIndex((axis) => flat.shape[axis]! > 1);

// --- names -----------------------------------------------------------------------------------------------------------

interface Name {
  text: string;
  from: number;
  to: number;
}

/** A name for each block of a level on screen; where they are narrow a number for every second, fifth, ... one. */
function names(flat: Flat, k: number, span: Span, pixels: number, room: number, word: boolean): Name[] {
  const axis = flat.order[k]!;
  const [step, size] = [flat.steps[k]!, flat.shape[axis]!];
  const wide = step / span.per;
  const every = wide >= room ? 1 : nice(room / wide);
  const [low, high] = window(span, flat.total, pixels);
  const found: Name[] = [];
  for (let block = Math.floor(low / step); block * step < high; block++) {
    const index = block % size;
    if (index % every !== 0) continue;
    const from = Math.max((block * step - span.low) / span.per, 0);
    const to = Math.min(((block + 1) * step - span.low) / span.per, pixels);
    found.push({ text: word && every === 1 ? `${flat.words[axis]} ${index}` : String(index), from, to });
  }
  return found;
}

/** 2, 5, 10, 20, ...: the first that is at least as large. */
function nice(least: number): number {
  for (let power = 1; ; power *= 10) for (const factor of [1, 2, 5]) if (factor * power >= least) return factor * power;
}

const LABEL = 11.5;

function Rows({
  flat,
  span,
  size,
  gutter,
  selected,
}: {
  flat: Flat;
  span: Span;
  size: Size;
  gutter: Size;
  selected: Selected;
}) {
  const level = outermost(flat);
  const single = 1 / span.per >= LABEL;
  const tags = (
    [
      ["j", selected.j],
      ["i", selected.i],
    ] as const
  ).flatMap(([tag, row]) => {
    const at = row === null ? null : along(span, row);
    const middle = at && (at.from + at.to) / 2;
    return middle !== null && middle >= 0 && middle <= size.y ? [{ tag, middle, row: row! }] : [];
  });
  const both = tags.length === 2 && Math.abs(tags[0]!.middle - tags[1]!.middle) < 17;
  const [low, high] = window(span, flat.total, size.y);
  const rows = single ? Array.from({ length: high - low }, (_, n) => low + n) : [];
  const narrow = gutter.x < WORDED;
  return (
    <g class="names" text-anchor="end">
      {rows.map((row) => {
        const at = along(span, row);
        const middle = (at.from + at.to) / 2;
        if (middle < 4 || middle > size.y - 3) return null;
        const known = row === selected.i || row === selected.j;
        return (
          <text key={row} class={`mono${known ? " known" : ""}`} x={-7} y={middle + 3.8}>
            {flat.place(row).join(",")}
          </text>
        );
      })}
      {!single &&
        level >= 0 &&
        names(flat, level, span, size.y, 15, !narrow).map(({ text, from, to }) => (
          <text key={`${text} ${from}`} x={-7} y={Math.min(Math.max((from + to) / 2, from + 8), size.y - 4) + 4}>
            {text}
          </text>
        ))}
      {tags.map(({ tag, middle }) => (
        <g
          key={tag}
          class={`tag ${tag}`}
          transform={`translate(${both && tag === "j" ? 18 - gutter.x : -gutter.x} ${middle - 8})`}
        >
          <rect
            x={tag === "j" ? 0.75 : 0}
            y={tag === "j" ? 0.75 : 0}
            width={tag === "j" ? 14.5 : 16}
            height={tag === "j" ? 14.5 : 16}
            rx={3}
          />
          <text class="mono" x={8} y={12} text-anchor="middle">
            {tag}
          </text>
        </g>
      ))}
    </g>
  );
}

function Columns({ flat, span, size }: { flat: Flat; span: Span; size: Size }) {
  const level = outermost(flat);
  if (level < 0) return null;
  const axis = flat.order[level]!;
  const digits = 7 * `${flat.shape[axis]! - 1}`.length + 12;
  const room = 7 * `${flat.words[axis]} ${flat.shape[axis]! - 1}`.length + 8;
  const wide = flat.steps[level]! / span.per >= room;
  const below = level + 1 < flat.order.length && wide ? level + 1 : -1;
  return (
    <g class="names">
      {names(flat, level, span, size.x, wide ? room : digits, wide)
        .filter(({ text, from, to }) => (wide ? to - from > room - 8 : from < size.x - 7 * text.length))
        .map(({ text, from }) => (
          <text key={`${text} ${from}`} class="outer" x={from + 1} y={below < 0 ? -8 : -20}>
            {text}
          </text>
        ))}
      {below > 0 && (
        <g class="inner">
          {names(flat, below, span, size.x, 46, true)
            .filter(
              ({ text, from, to }) =>
                to - from > 24 || (flat.steps[below]! / span.per < 46 && from < size.x - 7 * text.length),
            )
            .map(({ text, from }) => (
              <text key={`${text} ${from}`} x={from + 1} y={-6}>
                {text}
              </text>
            ))}
        </g>
      )}
    </g>
  );
}

/** "y[0,1,1] × x[0,3,3]" */
export const entryName = (neuron: Place, input: Place): string => `${named("y", neuron)} × ${named("x", input)}`;
