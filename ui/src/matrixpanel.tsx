/** The dense matrix of a layer: drag, zoom, pick, walk from connection to connection. Derives nothing: it reads tables. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";
import { PHONE, useMedia, useWidth } from "./hooks";
import type { WeightLine } from "./layer";
import { actsOf, handsOf, type Stage } from "./matrixacts";
import { useHands } from "./matrixgestures";
import { useMatrixKeys } from "./matrixkeys";
import { MatrixMarks } from "./matrixmarks";
import { Matrix, type Entry } from "./matrixmodel";
import { detailOf, paint, type Paint, type Tokens } from "./matrixpaint";
import { Lens, said, Tools, Where } from "./matrixparts";
import { grainOf, roomOf, type Room } from "./matrixroom";
import { useSelected, useViewport } from "./matrixselection";
import { Glass, Minimap } from "./matrixside";
import { useTokens } from "./matrixtokens";
import { MatrixTwin } from "./matrixtwin";
import { centred, type Size, type Viewport } from "./matrixview";
import { plural } from "./numbers";
import type { Picture, Store } from "./store";
import type { Chip, Target } from "./types";

interface Props {
  store: Store;
  picture: Picture;
  line: WeightLine;
}

const UNKNOWN: readonly Chip[] = [];

export function MatrixPanel({ store, picture, line }: Props) {
  const last = store.state.order === "last";
  const matrix = useMemo(() => new Matrix(line, line.line.matrix!, last), [line, last]);
  const box = useRef<HTMLDivElement>(null);
  const surface = useRef<HTMLDivElement>(null);
  const tokens = useTokens(box);
  const phone = useMedia(PHONE);
  const room = roomOf(matrix, useWidth(box, 1100), phone);
  const { size } = room;
  const selected = useSelected(store, matrix);
  const [view, show] = useViewport(store, matrix, size, selected);
  const [pointed, point] = useState<Entry | null>(null);
  const [moving, move] = useState(false);
  const total: Size = { y: matrix.rows.total, x: matrix.columns.total };
  const stage: Stage = { store, matrix, line, view, size, total, selected, pointed, show, point, move };
  const acts = actsOf(stage);
  useMatrixKeys(surface, acts);
  useHands(
    surface,
    handsOf(stage, () => surface.current!.focus({ preventScroll: true })),
  );
  const entry = selected.row === null || selected.column === null ? null : matrix.at(selected.row, selected.column);
  const focus = pointed ?? entry ?? middleOf(view, total, size);
  const chips = picture.answer?.legend.chips ?? UNKNOWN;
  const inked = detailOf(view) === "ink";
  const grain = grainOf(matrix, size);
  return (
    <div class="matrix" ref={box}>
      <Where matrix={matrix} view={view} size={size} total={total} detail={detailOf(view)} grain={grain} />
      <div class={`body${phone || room.small ? "" : " sided"}`}>
        <div class="main-part">
          <Plot
            stage={stage}
            room={room}
            surface={surface}
            chips={chips}
            tokens={tokens}
            grain={grain}
            moving={moving}
            lens={inked ? focus : null}
          />
          <Tools acts={acts} last={last} />
          <p class="said" role="status" id="matrix-said">
            {said(store, matrix, line, pointed ?? entry)}
          </p>
        </div>
        {!room.small && (
          <div class="side">
            <Minimap
              matrix={matrix}
              view={view}
              size={size}
              tokens={tokens}
              onMove={(to) => show(centred(view, total, size, to))}
            />
            {inked && <Glass matrix={matrix} at={focus} chips={chips} tokens={tokens} ratio={ratio()} />}
          </div>
        )}
      </div>
      <p class="sr" id="matrix-help">
        Arrow keys move the selected entry, with Shift by a window. n and Shift+n go to the next or previous connection,
        plus, minus and 0 zoom, c counts channels last, p pins the neuron.
      </p>
      <p class="words">{picture.answer?.words.join(" ")}</p>
      <MatrixTwin matrix={matrix} line={line} store={store} view={view} size={size} />
    </div>
  );
}

const ratio = (): number => devicePixelRatio || 1;

const middleOf = (view: Viewport, total: Size, size: Size): { row: number; column: number } => ({
  row: Math.min(total.y - 1, Math.floor(view.y.low + (size.y / 2) * view.y.per)),
  column: Math.min(total.x - 1, Math.floor(view.x.low + (size.x / 2) * view.x.per)),
});

interface PlotProps {
  stage: Stage;
  room: Room;
  surface: RefObject<HTMLDivElement | null>;
  chips: readonly Chip[];
  tokens: Tokens;
  grain: number;
  moving: boolean;
  lens: { row: number; column: number } | null;
}

/** The pixels, and what lies over them. */
function Plot({ stage, room, surface, chips, tokens, grain, moving, lens }: PlotProps) {
  const { store, matrix, view, selected, total } = stage;
  const { size, gutter } = room;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [target, setTarget] = useState<Target | null>(store.linking.target);
  useEffect(() => store.linking.listen((now) => setTarget(now)), [store]);
  usePainted(canvas, stage, chips, tokens, grain, moving);
  return (
    <div class="plot" style={{ width: `${size.x + gutter.x}px`, height: `${size.y + gutter.y}px` }}>
      <div
        class="surface"
        ref={surface}
        style={{ left: `${gutter.x}px`, top: `${gutter.y}px`, width: `${size.x}px`, height: `${size.y}px` }}
        tabIndex={0}
        role="application"
        aria-roledescription="matrix"
        aria-label={`${plural(total.y, "row")} of neurons, ${plural(total.x, "column")} of inputs`}
        aria-describedby="matrix-help matrix-said"
        data-detail={detailOf(view)}
        data-low={`${view.y.low},${view.x.low}`}
        data-per={`${view.y.per},${view.x.per}`}
      >
        <canvas ref={canvas} style={{ width: `${size.x}px`, height: `${size.y}px` }} />
      </div>
      <MatrixMarks
        matrix={matrix}
        view={view}
        size={size}
        gutter={gutter}
        selected={{ i: selected.row, j: selected.pinned, column: selected.column }}
        target={target}
        pointed={pointing(matrix, target)}
      />
      {lens && <Lens view={view} size={size} gutter={gutter} at={lens} />}
    </div>
  );
}

/** A picture that takes longer than this, in milliseconds, is coarse while it moves. */
const SLOW = 45;

function usePainted(
  canvas: RefObject<HTMLCanvasElement | null>,
  { store, matrix, line, view, size }: Stage,
  chips: readonly Chip[],
  tokens: Tokens,
  grain: number,
  moving: boolean,
): void {
  const took = useRef(0);
  useLayoutEffect(() => {
    const coarse = grain * (moving && took.current > SLOW ? Math.ceil(Math.sqrt(took.current / 20)) : 1);
    const weights = store.layer?.tensorOf(line, line.weight);
    const value = (weight: number): number | undefined => weights?.at(matrix.weightPlace(weight));
    const what: Paint = { matrix, view, size, ratio: ratio(), coarse, chips, tokens, value };
    const start = performance.now();
    paint(canvas.current!, what);
    if (coarse === grain) took.current = performance.now() - start;
  }, [matrix, view, size.y, size.x, chips, tokens, grain, moving, line, store.state.edit]);
}

/** What is pointed at as an identity of the relation. */
function pointing(matrix: Matrix, target: Target | null) {
  if (target?.kind === "weight") return matrix.named(`weight:${target.p}:${target.place.join(",")}`);
  return target?.kind === "identity" ? matrix.named(target.id) : null;
}
