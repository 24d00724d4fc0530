/** The layers of the model with their sharing numbers. Only the rows in sight are in the page, so 500 cost no more than ten. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { count, plural } from "./numbers";
import type { Store } from "./store";
import type { LayerRecord } from "./types";
import { sharedText, usesText } from "./words";

const ROW = 84;
const SPARE = 4;

export function Layers({ store, onClose }: { store: Store; onClose(): void }) {
  const all = store.model.report.layers;
  const [wanted, setWanted] = useState("");
  const found = useMemo(
    () => all.flatMap((record, at) => (fits(record, wanted) ? [{ record, at }] : [])),
    [all, wanted],
  );
  return (
    <aside class="layers panel" id="layers" aria-label="Layers">
      <div class="find">
        <input
          type="search"
          placeholder={`Find one of ${plural(all.length, "layer")}`}
          aria-label="Find a layer"
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
        <button type="button" class="plain" onClick={onClose} aria-label="Close the list">
          ×
        </button>
      </div>
      {found.length ? (
        <List store={store} found={found} />
      ) : (
        <p class="none">No layer has “{wanted}” in its name or kind.</p>
      )}
    </aside>
  );
}

const fits = (record: LayerRecord, wanted: string): boolean =>
  `${record.name} ${record.kind}`.toLowerCase().includes(wanted.trim().toLowerCase());

interface Found {
  record: LayerRecord;
  at: number;
}

function List({ store, found }: { store: Store; found: Found[] }) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(700);
  const current = found.findIndex(({ at }) => at === store.state.layer);
  const [active, setActive] = useState(Math.max(0, current));
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => setHeight(box.current!.clientHeight));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (current >= 0) setActive(current);
  }, [current]);
  useLayoutEffect(() => reveal(box.current!, active), [active, found.length]);

  const first = Math.max(0, Math.floor(top / ROW) - SPARE);
  const last = Math.min(found.length, Math.ceil((top + height) / ROW) + SPARE);
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: 8,
      PageUp: -8,
      Home: -found.length,
      End: found.length,
    };
    const step = steps[event.key];
    if (step !== undefined) setActive(Math.min(found.length - 1, Math.max(0, active + step)));
    else if (event.key === "Enter" || event.key === " ") store.open(found[active]!.at);
    else return;
    event.preventDefault();
  };
  return (
    <div
      class="list"
      role="listbox"
      tabIndex={0}
      aria-label="Layers"
      aria-activedescendant={`layer-${found[active]?.at}`}
      ref={box}
      onScroll={() => setTop(box.current!.scrollTop)}
      onKeyDown={onKeyDown}
    >
      <div class="run" style={{ height: `${found.length * ROW}px` }}>
        {found.slice(first, last).map(({ record, at }, k) => (
          <Row
            key={at}
            record={record}
            at={at}
            top={(first + k) * ROW}
            place={first + k + 1}
            size={found.length}
            chosen={at === store.state.layer}
            active={first + k === active}
            onOpen={() => store.open(at)}
          />
        ))}
      </div>
    </div>
  );
}

function reveal(box: HTMLElement, row: number): void {
  if (row * ROW < box.scrollTop) box.scrollTop = row * ROW;
  else if ((row + 1) * ROW > box.scrollTop + box.clientHeight) box.scrollTop = (row + 1) * ROW - box.clientHeight;
}

interface RowProps {
  record: LayerRecord;
  at: number;
  top: number;
  place: number;
  size: number;
  chosen: boolean;
  active: boolean;
  onOpen(): void;
}

function Row({ record, at, top, place, size, chosen, active, onOpen }: RowProps) {
  const uses = usesText(record);
  return (
    <div
      class={`layer${active ? " active" : ""}${record.opaque ? " is-opaque" : ""}`}
      id={`layer-${at}`}
      role="option"
      aria-selected={chosen}
      aria-posinset={place}
      aria-setsize={size}
      style={{ top: `${top}px`, height: `${ROW}px` }}
      onClick={onOpen}
    >
      <p class="name" title={record.name}>
        <span class="index mono">{record.index}</span> <b class="mono">{record.name}</b>{" "}
        <span class="kind">{record.kind}</span>
      </p>
      {record.opaque ? (
        <p class="shared">{sharedText(record)}</p>
      ) : (
        <>
          <p>
            <span class="mono">{record.tied_with.length ? "=" : count(record.weights)}</span>{" "}
            {record.tied_with.length ? "no new weights" : record.weights === 1 ? "weight" : "weights"}
            {uses && (
              <>
                , <span class="mono">{uses.replace(" each", "")}</span> uses each
              </>
            )}
          </p>
          <p>
            <span class="mono">{count(record.neurons)}</span> neurons,{" "}
            <span class="mono">{count(record.connections)}</span> connections
          </p>
          <p class="shared">
            {sharedText(record)}
            {record.tied_with.length > 0 && `; ties ${record.tied_with.join(", ")}`}
          </p>
        </>
      )}
    </div>
  );
}
