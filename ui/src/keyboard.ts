/** Keys of the page, as one table: what each does and how the help words it. */
import { neuronOf } from "./marks";
import type { Store } from "./store";

export interface Key {
  keys: readonly string[];
  shown: string;
  does: string;
  act(store: Store, event: KeyboardEvent): void;
}
/** What only the page around the store can do. */
export interface Actions {
  theme(): void;
  ask(): void;
  help(): void;
  goTo(): void;
  save(): void;
}

const WINDOW = 10;
const step = (event: KeyboardEvent): number => (event.shiftKey ? WINDOW : 1);
const channel = (store: Store, by: number): void => store.turn("c", store.channel + by);
const filter = (store: Store, by: number): void => store.turn("m", store.filter + by);

export const keyTable = (actions: Actions): Key[] => [
  {
    keys: ["ArrowLeft"],
    shown: "← →",
    does: "move i along its last axis; with Shift by ten",
    act: (store, event) => store.move(0, -step(event)),
  },
  { keys: ["ArrowRight"], shown: "", does: "", act: (store, event) => store.move(0, step(event)) },
  {
    keys: ["ArrowUp"],
    shown: "↑ ↓",
    does: "move i along the axis before it",
    act: (store, event) => store.move(1, -step(event)),
  },
  { keys: ["ArrowDown"], shown: "", does: "", act: (store, event) => store.move(1, step(event)) },
  { keys: ["["], shown: "[ ]", does: "previous or next channel", act: (store) => channel(store, -1) },
  { keys: ["]"], shown: "", does: "", act: (store) => channel(store, 1) },
  { keys: ["{"], shown: "{ }", does: "previous or next filter", act: (store) => filter(store, -1) },
  { keys: ["}"], shown: "", does: "", act: (store) => filter(store, 1) },
  {
    keys: ["1", "2", "3", "4", "5"],
    shown: "1 to 5",
    does: "colour by weight, tap, filter, channel, parameter",
    act: (store, event) => level(store, Number(event.key) - 1),
  },
  {
    keys: ["p"],
    shown: "p",
    does: "pin the neuron pointed at, or i, as j; again lets it go",
    act: (store) => store.pin(pointedNeuron(store) ?? store.state.i),
  },
  {
    keys: ["n"],
    shown: "n N",
    does: "point at the next or previous weight of i, or tap, channel, … by the level; in the matrix go to the next connection",
    act: (store) => store.nextWeight(1),
  },
  { keys: ["N"], shown: "", does: "", act: (store) => store.nextWeight(-1) },
  { keys: [], shown: "+ − 0", does: "in the matrix: zoom in, zoom out, the whole", act: () => undefined },
  { keys: [], shown: "c", does: "in the matrix: count places before channels", act: () => undefined },
  { keys: ["Enter"], shown: "Enter", does: "select what is pointed at", act: (store) => store.keepPointed() },
  { keys: ["f"], shown: "f", does: "network: fold or unfold repeated blocks", act: (store) => store.turnFold() },
  {
    keys: [".", ","],
    shown: ". ,",
    does: "step to the next or previous neuron",
    act: (store, event) => void store.step(event.key === "." ? 1 : -1),
  },
  {
    keys: ["b"],
    shown: "b",
    does: "select the input that the weight meets; again, go back to the neuron that made it",
    act: (store) => void store.back(),
  },
  {
    keys: ["v"],
    shown: "v",
    does: "change the selected number",
    act: () => document.querySelector<HTMLInputElement>(".editing .value")?.select(),
  },
  { keys: ["u"], shown: "u", does: "undo the last change of a number", act: (store) => store.undo() },
  { keys: ["g"], shown: "g", does: "go to a neuron by its index", act: () => actions.goTo() },
  { keys: ["/"], shown: "/", does: "ask: questions and claims about this layer", act: () => actions.ask() },
  { keys: ["t"], shown: "t", does: "light or dark", act: () => actions.theme() },
  { keys: ["e"], shown: "e", does: "save this picture", act: () => actions.save() },
  { keys: ["?"], shown: "?", does: "these keys", act: () => actions.help() },
  {
    keys: ["Escape"],
    shown: "Esc",
    does: "clear: what is pointed at, what is selected, then j",
    act: (store) => store.clear(),
  },
];

function level(store: Store, number: number): void {
  const name = store.model.levels[number];
  if (name) store.set({ level: name });
}

function pointedNeuron(store: Store): readonly number[] | undefined {
  const target = store.linking.pointed;
  if (target?.kind === "neuron") return target.place;
  return store.hovered ? (neuronOf(store.hovered) ?? undefined) : undefined;
}

const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";
const OWN_ARROWS = "[role=listbox], [role=radiogroup], select, input";

/** Whether a key is meant for the page: not while the reader types or a dialog is open. */
export function isForPage(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false;
  const target = event.target instanceof Element ? event.target : null;
  return !target?.closest(TYPING) && !document.querySelector("dialog[open]");
}

/** Runs the key's act, unless the reader types, a dialog is open, or the control in focus has that key for itself. */
export function onKey(store: Store, table: readonly Key[], event: KeyboardEvent): void {
  if (!isForPage(event)) return;
  const target = event.target instanceof Element ? event.target : null;
  if (event.key.startsWith("Arrow") && target?.closest(OWN_ARROWS)) return;
  if (event.key === "Enter" && target?.closest("button, a, summary, [role=option]")) return;
  const key = table.find((entry) => entry.keys.includes(event.key));
  if (!key) return;
  event.preventDefault();
  key.act(store, event);
}
