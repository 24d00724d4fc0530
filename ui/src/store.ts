/** What the page shows and how it changes: one state, its layer, its pictures. Views draw themselves from here. */
import { remembered } from "./host";
import { Layer } from "./layer";
import { Linking } from "./linking";
import type { Locator } from "./locator";
import type { Mark } from "./marks";
import { identities, known, numberOf, selectedOf, selecting, type Keyed } from "./members";
import { editKey, editsOf, editText, undone, withEdit } from "./edits";
import { beside, following, moved, opening, withFilter } from "./moves";
import { drawPath, fromRecord, same, withEdits } from "./state";
import { panelsOf } from "./views";
import type { Ask, DrawAnswer, LayerAnswer, LayerRecord, MakersAnswer, ModelAnswer, Place, State, StateRecord, Target } from "./types";

/** A picture of one view: the last answer stays until the next one is there. */
export interface Picture {
  view: string;
  path: string;
  answer: DrawAnswer | null;
  error: string | null;
  /** Why this view makes no sense for this layer. */
  unfit: string | null;
  loading: boolean;
}

export class Store {
  readonly linking = new Linking();
  readonly ask: Ask;
  readonly pictures = new Map<string, Picture>();
  /** The mark under the pointer, whose neuron may be pinned. */
  hovered: Mark | undefined;
  layer: Layer | null = null;
  layerError: string | null = null;
  state: State;
  private readonly watchers = new Set<() => void>();

  constructor(
    ask: Ask,
    readonly model: ModelAnswer,
    private readonly locator: Locator,
    /** The address under which other models are opened; null where there is no program to open them. */
    readonly home: string | null = null,
    /** The address of this model's own page; null where no program serves it. */
    readonly base: string | null = null,
    /** A file: it holds some drawings, and there is no one to ask for others. */
    readonly alone = false,
  ) {
    this.ask = remembered(ask);
    this.state = opening(model, locator.read());
    locator.write(this.state, true);
    locator.listen((hash) => this.go(opening(model, hash)));
    this.go(this.state);
  }

  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }
  private changed(): void {
    for (const watcher of this.watchers) watcher();
  }

  get record(): LayerRecord | undefined {
    return this.model.report.layers[this.state.layer];
  }
  /** The pictures of the view on screen, in order. */
  get shown(): Picture[] {
    return panelsOf(this.model, this.state.view).map(({ view }) => this.pictures.get(view) ?? blank(view));
  }

  /** The channel and the filter on screen: the state's, else what the host drew. */
  get channel(): number {
    return this.state.c ?? this.drawn("c") ?? 0;
  }
  get filter(): number {
    const axis = this.layer?.axis("y", "filter") ?? -1;
    return this.state.m ?? (axis < 0 ? undefined : this.state.i?.[axis]) ?? this.drawn("m") ?? 0;
  }
  private drawn(key: "c" | "m"): number | undefined {
    return this.shown.find((picture) => picture.answer?.drawn)?.answer?.drawn?.[key];
  }

  /** A path with the numbers that the reader changed; in a file there is no one to run the model with them. */
  withEdits(path: string): string {
    return this.alone ? path : withEdits(path, this.state.edit);
  }
  /** Whether what is on screen was computed with the numbers that the reader changed. */
  get follows(): boolean {
    return (this.layer?.answer.edit ?? "") === (this.state.edit ?? "");
  }

  /** Changes the state; `replace` keeps it one step of the history, as moving along does. */
  set(patch: Partial<State>, replace = false): void {
    const next = { ...this.state, ...patch };
    this.locator.write(next, replace);
    this.go(next);
  }

  private go(next: State): void {
    const before = this.state;
    this.state = next;
    if (this.layer) this.layer.edits = editsOf(next.edit);
    // What another layer has is held without an address: it stays so until the selection or the layer changes.
    const mine = selectedOf(next);
    if (mine || before.layer !== next.layer || selectedOf(before)) this.linking.hold(mine);
    void this.load();
  }

  /** Gives a weight or an input another number; its stored one again takes the edit back. */
  edit(target: Target, value: number): void {
    const key = editKey(target, this.state.layer);
    if (!this.layer || key === null || !this.layer.changeable(target)) return;
    const edits = withEdit(editsOf(this.state.edit), key, value, this.layer.stored(target));
    this.set({ edit: editText(edits) });
  }
  undo(): void {
    if (this.state.edit) this.set({ edit: editText(undone(editsOf(this.state.edit))) });
  }

  /** Goes to a neuron of another layer: from an input to what made it. */
  walk(layer: number, place: Place): void {
    this.open(layer, place);
  }
  /** One step back from i: to what made the input that it multiplies with the weight pointed at, else its first one. */
  async back(): Promise<void> {
    const { layer, state } = this;
    if (!layer || !layer.has(state.i)) return;
    const target = this.linking.target;
    if (target?.kind !== "input") {
      const x = layer.inputOf(state.i, target?.kind === "weight" ? target : undefined);
      if (x) this.choose({ kind: "input", place: x }, {}, true);
      return;
    }
    const found = await this.ask<MakersAnswer>(`makers/${state.layer}?x=${target.place.join(",")}`).catch(() => null);
    const maker = found?.makers.find((one) => one.layer !== null && one.places.length > 0);
    if (maker && this.state.layer === state.layer) this.walk(maker.layer!, maker.places[0]!);
  }
  /** Moves i to the next neuron in order; false at the end. */
  step(by: number): boolean {
    const { layer, state } = this;
    const next = layer && layer.has(state.i) ? following(layer, state.i, by) : null;
    if (!next || !layer) return false;
    this.set(withFilter(layer, state, { i: next }), true);
    return true;
  }
  /** The path of this view's drawing around another neuron, alone. */
  frameOf(place: Place): string {
    return this.withEdits(drawPath({ ...this.state, i: place, j: undefined, m: undefined }, this.state.view));
  }
  /** One picture that is not part of the view's own. */
  async lone(path: string): Promise<Picture> {
    const bare = { ...blank(this.state.view), path, loading: false };
    try {
      return { ...bare, answer: await this.ask<DrawAnswer>(path) };
    } catch (fault) {
      return { ...bare, error: message(fault) };
    }
  }

  /** Opens a layer where its own places begin, or at one of its neurons. */
  open(layer: number, place?: Place): void {
    this.show({ layer, fold: this.state.fold }, place);
  }
  /** Goes to what the host says shows something: what it does not name begins anew. */
  show(record: StateRecord, place?: Place): void {
    const { view, level, layer } = this.state;
    this.linking.point(null);
    this.set({
      layer,
      view,
      level,
      i: place,
      j: undefined,
      w: undefined,
      s: undefined,
      c: undefined,
      m: undefined,
      window: undefined,
      fold: undefined,
      edit: this.alone || this.layerError ? undefined : this.state.edit,
      zoom: undefined,
      ask: undefined,
      claim: undefined,
      ...fromRecord(record),
    });
  }

  select(place: Place): void {
    if (this.layer) this.set(withFilter(this.layer, this.state, { i: place }));
  }
  move(axisFromEnd: number, step: number): void {
    const place = this.layer && moved(this.layer, this.state, axisFromEnd, step);
    // The pointer may still rest on another neuron: from here on i is meant.
    this.hovered = undefined;
    this.linking.point(null);
    if (place && this.layer) this.set(withFilter(this.layer, this.state, { i: place }), true);
  }
  /** Keeps a neuron as j; again on the same one lets it go. */
  pin(place: Place | undefined): void {
    this.set({ j: same(place, this.state.j) ? undefined : place });
  }
  /** What pointing at a mark means at the level: at that of weights its weight, else what the weight is one of. */
  meant(target: Target | null, mark: Keyed): Target | null {
    const { layer, state } = this;
    if (target?.kind !== "weight" || !layer || state.level === "weight") return target;
    const id = identities(layer, state.level, mark)[0];
    return id === undefined ? target : { kind: "identity", id };
  }
  /** Selects anything that can be pointed at; again on the same one lets it go. */
  keep(target: Target): void {
    if (target.kind === "layer") {
      if (target.index !== this.state.layer) this.open(target.index);
      return;
    }
    const patch = this.layer && selecting(this.layer, this.state.w, target);
    if (!patch) this.linking.hold(JSON.stringify(target) === JSON.stringify(this.linking.held) ? null : target);
    else if (JSON.stringify([patch.w, patch.s]) !== JSON.stringify([this.state.w, this.state.s])) this.choose(target);
    else this.set({ w: undefined, s: undefined });
  }
  /** Selects; a filter or a channel is also the one that pictures of one are drawn for. */
  choose(target: Target, more: Partial<State> = {}, replace = false): void {
    const { layer, state } = this;
    const patch = layer && selecting(layer, state.w, target);
    if (!patch) return;
    const { s } = patch;
    const turned = s?.startsWith("filter")
      ? withFilter(layer, state, { m: numberOf(layer, s) })
      : s?.startsWith("channel")
        ? { c: numberOf(layer, s) }
        : {};
    this.set({ ...turned, ...more, ...patch }, replace);
  }
  /** Points at the next weight of i, in the order in which it uses them; at another level at what they are ones of. */
  nextWeight(step: number): void {
    const weights = this.layer && this.state.i ? this.layer.weightsOf(this.state.i) : [];
    const each = weights.map((w) => {
      const mark = { p: w.p, w: [w.place.join()], y: [this.state.i!.join()], x: [], b: [] };
      return JSON.stringify(this.meant({ kind: "weight", ...w }, mark));
    });
    const targets = [...new Set(each)];
    if (targets.length === 0) return;
    const at = targets.indexOf(JSON.stringify(this.linking.target));
    const next = targets[(at + step + targets.length + (at < 0 && step < 0 ? 1 : 0)) % targets.length]!;
    this.linking.point(JSON.parse(next) as Target);
  }
  keepPointed(): void {
    const target = this.linking.pointed;
    if (target?.kind === "neuron") this.select(target.place);
    else if (target) this.keep(target);
  }
  clear(): void {
    this.linking.point(null);
    this.linking.hold(null);
    if (this.state.w || this.state.s) this.set({ w: undefined, s: undefined });
    else if (this.state.j) this.set({ j: undefined });
  }
  /** Whether the view on screen is one of the whole model. */
  get whole(): boolean {
    return this.model.views.some((view) => view.name === this.state.view && view.whole);
  }
  /** Whether the view on screen is drawn at one level alone. */
  get atOneLevel(): boolean {
    return this.model.views.some((view) => view.name === this.state.view && !!view.level);
  }
  /** Draws repeated blocks once, or one by one. */
  turnFold(): void {
    if (this.whole) this.set({ fold: this.state.fold === 0 ? undefined : 0 });
  }
  /** Moves to another channel or filter, within what there is. */
  turn(key: "c" | "m", to: number): void {
    if (!this.layer) return;
    const size = this.layer.extent(key === "c" ? "channel" : "filter");
    if (to < 0 || to >= size) return;
    this.set(key === "c" ? { c: to } : withFilter(this.layer, this.state, { m: to }), true);
  }

  private async load(): Promise<void> {
    const index = this.state.layer;
    if (this.layer?.record.index !== index) {
      const record = this.record;
      this.layer = null;
      this.layerError = record
        ? null
        : `layer=${index} in the address: must be a number below ${this.model.report.layers.length}, one for each layer of the model.`;
      this.linking.use(null);
      this.pictures.clear();
      this.changed();
      if (!record) return;
      try {
        if (!(await this.read(record))) return;
      } catch (fault) {
        if (this.state.layer === index) this.layerError = message(fault);
      }
      if (this.layer) this.settle(this.layer);
      this.linking.use(this.layer);
    } else if (this.layer && (!this.state.i || known(this.layer, this.state.s) !== this.state.s)) {
      this.settle(this.layer);
    }
    this.draw();
    this.changed();
    if (this.layer && !this.alone && !this.follows) await this.follow(this.layer.record);
  }

  /** Reads a layer's numbers; false where the reader has gone on in the meantime. */
  private async read(record: LayerRecord): Promise<boolean> {
    const path = this.withEdits(`layer/${record.index}`);
    const answer = await this.ask<LayerAnswer>(path);
    if (this.state.layer !== record.index || this.withEdits(`layer/${record.index}`) !== path) return false;
    this.layer = new Layer(record, answer, this.model);
    this.layer.edits = editsOf(this.state.edit);
    return true;
  }
  /** After an edit the layer's numbers come from a new run; until then those on screen stay. */
  private async follow(record: LayerRecord): Promise<void> {
    try {
      if (!(await this.read(record))) return;
    } catch {
      return; // the pictures, which ask for the same run, say why
    }
    this.linking.use(this.layer);
    this.changed();
  }

  /** Fills what a hash or a new layer left open, and drops places that this layer has not. */
  private settle(layer: Layer): void {
    const { i, j } = this.state;
    const first = layer.answer.first ?? {};
    const patch: Partial<State> = {
      w: layer.owns(this.state.w) ? this.state.w : undefined,
      s: known(layer, this.state.s),
      i: layer.has(i) ? i : layer.has(first.i) ? first.i : layer.neurons.map(() => 0),
      j: layer.has(j) ? j : i !== undefined ? undefined : layer.has(first.j) ? first.j : beside(layer),
    };
    this.state = { ...this.state, ...patch };
    this.linking.hold(selectedOf(this.state));
    this.locator.write(this.state, true);
  }

  /** How wide a picture may be that is drawn otherwise for a narrow page; 0 for as wide as it is drawn. */
  private room = 0;
  /** Tells how much room there is. */
  fit(width: number): void {
    const step = this.alone ? 620 : 20;
    this.room = width < (this.alone ? step : 1100) ? Math.max(this.alone ? 340 : 300, Math.floor(width / step) * step) : 0;
    if (this.layer) this.draw();
  }

  private draw(): void {
    if (!this.layer && this.layerError) return;
    for (const { view } of panelsOf(this.model, this.state.view)) {
      const reason = this.layer?.answer.views.find((entry) => entry.name === view)?.reason;
      const { level, narrow } = this.model.views.find((entry) => entry.name === view) ?? {};
      let path = this.withEdits(drawPath(level ? { ...this.state, level } : this.state, view));
      if (narrow && this.room && (level || !this.alone)) path += `${path.includes("?") ? "&" : "?"}room=${this.room}`;
      const known = this.pictures.get(view);
      if (known?.path === path && !known.error) continue;
      const picture: Picture = {
        view,
        path,
        answer: known?.answer ?? null,
        error: null,
        unfit: reason || null,
        loading: !reason,
      };
      this.pictures.set(view, picture);
      if (!reason) void this.fetch(picture);
    }
  }

  private async fetch(picture: Picture): Promise<void> {
    const current = (): boolean => this.pictures.get(picture.view) === picture;
    try {
      const answer = await this.ask<DrawAnswer>(picture.path);
      if (!current()) return;
      this.pictures.set(picture.view, { ...picture, answer, loading: false });
    } catch (fault) {
      if (!current()) return;
      this.pictures.set(picture.view, { ...picture, answer: null, error: message(fault), loading: false });
    }
    this.changed();
  }
}

const blank = (view: string): Picture => ({
  view,
  path: "",
  answer: null,
  error: null,
  unfit: null,
  loading: true,
});
export const message = (fault: unknown): string => (fault instanceof Error ? fault.message : String(fault));
