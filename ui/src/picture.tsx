/** One drawing of the host's inside the page: injected, sized, linked, and one stop for the Tab key. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { named } from "./numbers";
import { parse, same, weightText } from "./state";
import type { Store, Picture } from "./store";
import { rewrite } from "./rewrite";
import { follows, START } from "./views";
import { message } from "./store";
import { Fault, Loading, Unfit } from "./states";
import { drawing, sizeOf } from "./svg";
import type { DrawAnswer, State } from "./types";

/** Below this scale text is too small to read: the panel scrolls instead. */
const LEAST = 0.8;
const MOST = 1.25;

export function Drawing({ store, picture }: { store: Store; picture: Picture }) {
  const box = useRef<HTMLDivElement>(null);
  const [fault, setFault] = useState<string | null>(null);
  const { answer } = picture;
  const { i, j } = store.state;
  useLayoutEffect(() => {
    const root = box.current;
    if (!root || !answer) return;
    const focused = root.contains(document.activeElement);
    try {
      const svg = drawing(answer.svg, picture.view);
      const { width } = sizeOf(svg);
      Object.assign(svg.style, {
        width: "100%",
        height: "auto",
        minWidth: `${width * LEAST}px`,
        maxWidth: `${width * MOST}px`,
      });
      if (answer.instead) standIn(svg, store.state);
      root.replaceChildren(svg);
      const stop = rover(
        svg,
        i,
        store.model.report.layers.map((record) => record.name),
      );
      if (focused) stop.focus({ preventScroll: true });
      setFault(null);
    } catch (problem) {
      root.replaceChildren();
      setFault(message(problem));
    }
    if (store.alone && follows(picture.view)) rewrite(root, store.layer);
    const remove = store.linking.add(root);
    if (focused && i) store.linking.point({ kind: "neuron", place: i });
    return remove;
  }, [answer, answer?.instead ? `${i}|${j}` : ""]);

  useLayoutEffect(() => {
    if (box.current && store.alone && follows(picture.view)) rewrite(box.current, store.layer);
  }, [store.state.edit, store.layer]);

  const error = picture.error ?? fault;
  const others = store.model.report.layers.length - 1;
  const rest =
    others > 0 ? `The other views and the other ${others} layers are still shown.` : "The other views are still shown.";
  if (picture.unfit) return <Unfit text={picture.unfit} />;
  return (
    <>
      {error && <Fault text={error} rest={rest} />}
      {!error && !answer && (
        <Loading
          text={`Reading ${store.record?.name ?? "the model"}: layer ${store.state.layer + 1} of ${others + 1}`}
        />
      )}
      <div class="picture" ref={box} hidden={!!error || !answer} />
      {answer && !error && <Under answer={answer} store={store} view={picture.view} />}
    </>
  );
}

/** What stands under a picture: which window it is, its sentences, and the same as a table. */
function Under({ answer, store, view }: { answer: DrawAnswer; store: Store; view: string }) {
  const { state, alone, model } = store;
  const [open, setOpen] = useState(false);
  return (
    <div class="under">
      {missing(answer, state) && (
        <p class="instead">
          <b>{missing(answer, state)}</b> {state.view !== START && model.lacks}
        </p>
      )}
      {(answer.window || answer.words.length > 0) && (
        <p class="words">
          {answer.window && <b class="window">{answer.window}. </b>}
          {alone && state.edit ? edited(view) : answer.words.join(" ")}
        </p>
      )}
      {answer.table && answer.table.rows.length > 0 && (
        <details class="twin" onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>table</summary>
          {open && <Twin table={answer.table} />}
        </details>
      )}
    </div>
  );
}

/** A picture's own sentences speak of the stored numbers: while some are changed, this stands in their place. */
const edited = (view: string): string =>
  follows(view)
    ? "Cells, neurons and the ledger follow your change; sums written inside the picture are of the stored numbers."
    : "This picture shows the stored numbers, without your change.";

const ROWS = 1000;

function Twin({ table }: { table: NonNullable<DrawAnswer["table"]> }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="The picture as a table">
      <table>
        <thead>
          <tr>
            {table.head.map((name, k) => (
              <th key={k} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.slice(0, ROWS).map((row, k) => (
            <tr key={k}>
              {row.map((entry, n) => (
                <td key={n}>{entry}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {table.rows.length > ROWS && (
        <p>
          The first {ROWS} of {table.rows.length} rows.
        </p>
      )}
    </div>
  );
}

/** What an offline page says where it shows a drawing that was made for other places. */
function missing(answer: DrawAnswer, state: State): string | null {
  if (!answer.instead) return null;
  const packed = parse((answer.instead.split("?")[1] ?? "").replace(/\?/g, ""));
  const differs =
    (["i", "j"] as const).some((key) => packed[key] && !same(packed[key], state[key])) ||
    (["c", "m"] as const).some((key) => (packed[key] ?? 0) !== (state[key] ?? packed[key] ?? 0)) ||
    (["fold", "many"] as const).some((key) => packed[key] !== state[key]) ||
    (answer.drawn?.w !== undefined && !!state.w && answer.drawn.w !== weightText(state.w));
  if (!differs) return null;
  return `Drawn for ${packed.i ? named("y", packed.i) : "the first window"} only.`;
}

/** A drawing made for other places: its outlines are moved onto the marks of the state's own. */
function standIn(svg: SVGSVGElement, state: State): void {
  for (const outline of svg.querySelectorAll(".outline.selected, .outline.pinned")) outline.remove();
  for (const [place, name] of [
    [state.j, "pinned"],
    [state.i, "selected"],
  ] as const)
    if (place)
      for (const mark of svg.querySelectorAll(`[data-y="${place.join(",")}"]:not(.edge, text, [data-w])`))
        mark.classList.add(name);
}

/** The elements of the drawing that Tab stops at: the mark of i where it has one; the nodes of a network. */
function rover(svg: SVGSVGElement, i: State["i"], names: readonly string[]): SVGElement {
  const own = i && svg.querySelector<SVGElement>(`[data-y="${i.join(",")}"]:not(.edge, .outline, text, [data-w])`);
  const stop = own ?? svg;
  for (const node of svg.querySelectorAll<SVGElement>("rect.paper[data-layer]:not([data-y], [data-w], [data-x])")) {
    node.setAttribute("tabindex", "0");
    node.setAttribute("role", "button");
    node.setAttribute("aria-label", `open ${names[Number(node.dataset.layer)] ?? "layer"}`);
  }
  stop.setAttribute("tabindex", "0");
  if (own) {
    own.setAttribute("role", "button");
    own.setAttribute("aria-label", `i, ${named("y", i)}: arrows move, n points at its weights`);
  }
  return stop;
}
