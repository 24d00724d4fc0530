/** The ledger: every product of neuron i, and of j beside it, from the relation and the tensors. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Editing } from "./editing";
import { useWidth } from "./hooks";
import { evaluate, explained, groupsIn, grouped, rows, type Neuron, type Row } from "./ledger";
import { DIGITS } from "./ledgercells";
import { Tall } from "./ledgertall";
import { Wide } from "./ledgerwide";
import { count, plural, value } from "./numbers";
import { paint } from "./paint";
import { Unfit } from "./states";
import { StatusLine } from "./statusline";
import { message, type Store } from "./store";
import type { ExplainAnswer, Legend, Place } from "./types";

/** What both layouts draw. */
export interface Page {
  first: Neuron;
  second: Neuron | null;
  shown: Row[];
  /** i and j have no weight in common: two rows of weights. */
  apart: boolean;
  all: number;
}

export function LedgerPanel({ store, legend }: { store: Store; legend: Legend | null }) {
  const box = useRef<HTMLElement>(null);
  const width = useWidth(box, 1200);
  const first = useNeuron(store, store.state.i);
  const second = useNeuron(store, store.state.j);
  const neuron = first.neuron;
  useLayoutEffect(() => {
    if (!box.current) return;
    paint(store, legend, box.current);
    return store.linking.add(box.current);
  });
  const tall = width < 760;
  return (
    <section class={`panel ledger ${tall ? "tall" : "wide"}`} aria-labelledby="ledger" ref={box}>
      <div class="head">
        <h2 id="ledger">Ledger</h2>
        {neuron && <p class="subtitle">{reading(neuron, second.neuron, tall)}</p>}
        {!tall && <Editing store={store} />}
        <StatusLine store={store} />
      </div>
      {tall && <Editing store={store} />}
      {first.error ? (
        <Unfit text={first.error} />
      ) : neuron ? (
        <Pages store={store} first={neuron} second={second.neuron} width={width} tall={tall} />
      ) : (
        <p class="quiet">{store.layer ? "Reading the values." : ""}</p>
      )}
    </section>
  );
}

/** How the ledger is read: what stands where, what is hatched, what is rounded. */
function reading(first: Neuron, second: Neuron | null, tall: boolean): string {
  const terms = [...first.terms, ...(second?.terms ?? [])];
  const padding = terms.some((term) => !term.x && term.sort === "product") ? "; hatched inputs are padding" : "";
  const unknown = terms.some((term) => Number.isNaN(term.product)) ? "; ? is a number that the run does not give" : "";
  const rounded = terms.some((term) => !Number.isNaN(term.product) && !Number.isInteger(term.product))
    ? `; numbers to ${tall ? "three" : "two"} digits`
    : "";
  return kindly(first, pairing(first, second, tall)) + padding + rounded + unknown;
}

/** A ledger without products says so. */
function kindly(first: Neuron, usual: string): string {
  const all = (sort: string): boolean => first.terms.every((term) => term.sort === sort);
  if (all("product")) return usual;
  if (all("lookup")) return "the weight that is looked up: no input multiplies it";
  return all("plain") ? "inputs added as they are: no weight multiplies them" : usual;
}

function pairing(first: Neuron, second: Neuron | null, tall: boolean): string {
  if (!second) return "each weight with the input it meets";
  const [run, sides] = tall ? ["column", ["from the left", "from the right"]] : ["row", ["from above", "from below"]];
  const both = rows(first, second).filter((row) => row.first && row.second).length;
  if (both === 0) return `i and j have no weight in common: two ${run}s of weights`;
  if (both < first.terms.length) return `${plural(both, "weight")} in common, written once`;
  return `one ${run} of weights, read by i ${sides[0]} and by j ${sides[1]}`;
}

/** The arithmetic of a neuron: at once where the tensors are here, else from the host. */
function useNeuron(store: Store, place: Place | undefined): { neuron: Neuron | null; error: string | null } {
  const [asked, setAsked] = useState<{ key: string; neuron: Neuron | null; error: string | null }>({
    key: "",
    neuron: null,
    error: null,
  });
  const { layer } = store;
  const here = layer && layer.has(place) ? evaluate(layer, place) : null;
  const path = layer && layer.has(place) && !here ? `explain/${layer.record.index}?i=${place.join(",")}` : "";
  const key = path && store.withEdits(path);
  useEffect(() => {
    if (!key || !layer || !place) return;
    let current = true;
    store.ask<ExplainAnswer>(key).then(
      (answer) => current && setAsked({ key, neuron: explained(layer, place, answer), error: null }),
      (fault) => current && setAsked({ key, neuron: null, error: message(fault) }),
    );
    return () => {
      current = false;
    };
  }, [key]);
  if (here || !key) return { neuron: here, error: null };
  return asked.key === key ? asked : { neuron: null, error: null };
}

const TALL_ROWS = 40;
/** Numbers looked at for the width of a column. */
const SAMPLE = 500;
/** Narrower than this a channel at a time is enough: the legend's switch turns them. */
const ONE_CHANNEL = 400;

function Pages({
  store,
  first,
  second,
  width,
  tall,
}: {
  store: Store;
  first: Neuron;
  second: Neuron | null;
  width: number;
  tall: boolean;
}) {
  const every = rows(first, second);
  const apart = second !== null && !every.some((row) => row.first && row.second);
  const group = store.channel;
  const one = tall && width < ONE_CHANNEL && grouped(first);
  const entries = (apart ? zipped(first, second) : every).filter(
    (row) => !one || (row.first ?? row.second)!.group === group,
  );
  const cell = cellWidth([first, second]);
  const groups = groupsIn(entries);
  const size = grouped(first) ? entries.filter((row) => (row.first ?? row.second)!.group === groups[0]).length : 1;
  const room = tall ? TALL_ROWS : Math.max(6, Math.floor((width - (cell > 28 ? 430 : 380)) / cell));
  // Whole channels, where one fits.
  const fit = entries.length <= room || size > room ? room : room - (room % size);
  const channel = grouped(first) ? groups.indexOf(group) : -1;
  const begin = channel > 0 ? entries.findIndex((row) => (row.first ?? row.second)!.group === groups[channel]) : 0;
  const [start, setStart] = useState(0);
  const fits = entries.length <= fit;
  useEffect(() => setStart(fits ? 0 : begin), [begin, fits, store.layer]);
  const from = fits ? 0 : Math.min(start, entries.length - 1);
  const shown = entries.slice(from, from + fit);
  const page: Page = { first, second, shown, apart, all: entries.length };
  return (
    <>
      {one && (
        <p class="pager">
          Channel {group} of {count(new Set(first.terms.map((term) => term.group)).size)}
        </p>
      )}
      {!fits && (
        <p class="pager">
          <button
            type="button"
            class="outlined"
            disabled={from === 0}
            onClick={() => setStart(Math.max(0, from - fit))}
          >
            ‹ before
          </button>
          Products {count(from + 1)} to {count(from + shown.length)} of {count(entries.length)}
          <button
            type="button"
            class="outlined"
            disabled={from + fit >= entries.length}
            onClick={() => setStart(from + fit)}
          >
            next ›
          </button>
        </p>
      )}
      {tall ? <Tall store={store} page={page} /> : <Wide store={store} page={page} cell={cell} />}
    </>
  );
}

const zipped = (first: Neuron, second: Neuron): Row[] =>
  Array.from({ length: Math.max(first.terms.length, second.terms.length) }, (_, k) => ({
    first: first.terms[k] ?? null,
    second: second.terms[k] ?? null,
  }));

/** As wide as the longest number, in monospaced characters. */
function cellWidth(neurons: readonly (Neuron | null)[]): number {
  const terms = neurons.flatMap((neuron) => neuron?.terms.slice(0, SAMPLE) ?? []);
  const longest = Math.max(
    ...terms.flatMap((term) => [term.weight, term.input, term.product]).map((n) => value(n, DIGITS.wide).length),
  );
  return longest < 4 ? 28 : Math.ceil(longest * 6.6) + 7;
}
