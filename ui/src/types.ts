/** The records that the host answers with. They are data: nothing here knows a kind of layer. */

export type Place = readonly number[];

export interface Digit {
  component: number;
  column: number;
  modulus: number;
  low: number;
}
export interface Axis {
  offset: number;
  size: number;
  digits: Digit[];
}
export interface Access {
  tensor: string;
  shape: number[];
  axes: Axis[];
}
export interface EagerComponent {
  loops: string[];
  rows: number;
  columns: string[];
}
export interface LazyComponent {
  lazy: {
    loops: string[];
    sizes: number[];
    solve: number;
    columns: { coefficients: number[] }[];
    bounds: { coefficients: number[]; low: number; high: number }[];
  };
}
export interface RelationPayload {
  loops: Record<string, number>;
  accesses: Access[];
  components: (EagerComponent | LazyComponent)[];
}

export interface TensorPayload {
  shape: number[];
  dtype: string;
  data: string;
}
export interface Line {
  formula: string;
  parameter: string | null;
  relation: RelationPayload | null;
  reason?: string;
  p?: number;
  weight?: string;
  tensors?: Record<string, string>;
  /** A bias: it is added, nothing multiplies it. */
  adds?: boolean;
  /** The whole line is multiplied by it. */
  scale?: number;
  /** False: the line says who reaches whom, its sum of products is not the value. */
  exact?: boolean;
  identity?: Record<string, number[]>;
  /** For each level the access, and the axes of it, that an identity is read from. */
  levels?: Record<string, [access: number, axes: number[]]>;
  matrix?: MatrixRecord | null;
}
/** The axes of one side of the dense matrix: their order, the order with the channel last, and what each is called. */
export interface MatrixSide {
  order: number[];
  last: number[];
  words: string[];
}
export interface MatrixRecord {
  rows: MatrixSide;
  columns: MatrixSide;
  /** The access that the columns are places of. */
  access: number;
}
export interface LayerAnswer {
  index: number;
  name: string;
  views: { name: string; reason: string }[];
  lines: Line[];
  tensors: Record<string, TensorPayload | null>;
  first?: { i?: number[]; j?: number[] };
  /** The edits that its numbers were computed with; what stood in their places before, by their keys. */
  edit?: string;
  stored?: Record<string, number>;
  /** false: the layer's input is computed on the way, and cannot be changed. */
  changeable?: boolean;
}

export interface ParameterRecord {
  names: string[];
  shape: number[];
  storage: string | number;
}
export interface LayerRecord {
  index: number;
  name: string;
  kind: string;
  formulas: string[];
  shared_along: Record<string, number>;
  distinct_along: Record<string, number>;
  summed_along: Record<string, number>;
  input_shape: number[] | null;
  output_shape: number[] | null;
  parameters: ParameterRecord[];
  neurons: number | string | null;
  connections: number | string | null;
  real_connections: number | string | null;
  weights: number | string | null;
  biases: number | string | null;
  uses_per_weight: { taps: number | null; min: number | null; max: number | null } | null;
  dead_weights: number | null;
  tied_with: string[];
  opaque: string | null;
  roles?: Record<string, string>;
  letters?: { y?: string[]; x?: string[]; w?: string[] };
}
export interface ModelAnswer {
  name: string;
  title?: string;
  report: { layers: LayerRecord[]; totals?: Record<string, number | string> };
  /** `whole`: a view of the whole model; `level`: the only one that it is drawn at; `narrow`: drawn otherwise for a narrow page. */
  views: { name: string; title: string; whole?: boolean; level?: string; narrow?: boolean }[];
  levels: string[];
  /** Whether the network has equal blocks that are folded. */
  foldable?: boolean;
  input?: { what: string; image?: boolean } | null;
  /** Only in a file: what it holds, and what shows the rest. */
  lacks?: string;
  /** Names of the inputs that come with an example. */
  samples?: string[];
  /** Only of a typed formula. */
  playground?: {
    line: string;
    sizes: string;
    words: string[];
    gallery: { name: string; line: string; sizes: string; here: boolean }[];
  } | null;
  first?: StateRecord;
  /** The questions about all layers together. */
  questions?: Asked[];
}

export interface Chip {
  id: string;
  colour: string;
  on: string;
  label: string;
  value?: string;
}
export interface Legend {
  level: string;
  title: string;
  coloured: string;
  count: string;
  chips: Chip[];
}
export interface DrawAnswer {
  svg: string;
  legend: Legend;
  /** One sentence of what is drawn: it stands under the page's title. */
  subtitle?: string;
  window: string;
  words: string[];
  table: { head: string[]; rows: (string | number)[][] } | null;
  drawn?: StateRecord;
  /** Set by the offline host where it had to answer with another drawing than the one asked for. */
  instead?: string;
}
export interface ExplainAnswer {
  layer: string;
  terms: {
    parameter: string | null;
    /** null: no stored weight multiplies. */
    w: number[] | null;
    /** null: it reads padding, or no input at all. */
    x: number[] | null;
    weight: number | null;
    /** null: no input multiplies, or the run does not give it. */
    input: number | null;
    product: number | null;
  }[];
  bias: number | null;
  total: number | null;
  /** Why the total is not the value; null where it is. */
  note?: string | null;
  framework: number | null;
  difference: number | null;
  bound: number | null;
}
export interface UsesAnswer {
  parameter: string;
  taps: number;
  real: number;
}

export interface MakersAnswer {
  makers: { layer: number | null; name: string; places: number[][]; count: number; through: string[] }[];
}
/** The makers of every input of a layer, as a file has them. */
export interface MakersTable {
  shape: number[];
  kinds: (Omit<MakersAnswer["makers"][number], "places"> & { axes: number })[][];
  rows: number[][];
}

/** One weight: the number of its parameter in the report, and its place. */
export interface Weight {
  p: number;
  place: Place;
}
/** What the page shows. It is the URL's hash and nothing else is remembered. */
export interface State {
  layer: number;
  view: string;
  level: string;
  i?: Place | undefined;
  j?: Place | undefined;
  w?: Weight | undefined;
  /** What else is selected: x:0,3,4 an input, b:0 a bias, tap:1,2 and the like all that has that identity. */
  s?: string | undefined;
  c?: number | undefined;
  m?: number | undefined;
  window?: string | undefined;
  /** 0: repeated blocks are drawn one by one. */
  fold?: number | undefined;
  /** 1: 27 colours. */
  many?: number | undefined;
  /** How many neurons are drawn side by side. */
  frames?: number | undefined;
  /** Numbers that the reader changed. */
  edit?: string | undefined;
  /** The part of the matrix on screen: rows from:to, columns from:to. */
  zoom?: string | undefined;
  /** "last": the matrix counts places before channels. */
  order?: string | undefined;
  /** The question that the Ask panel is open at, "model:ID" one about the whole model; "all": none of them. */
  ask?: string | undefined;
  /** What the reader claims of the layer. */
  claim?: string | undefined;
}
/** A state as Python writes it: places are lists, a weight is "P:0,1" or {p, place}. */
export type StateRecord = Partial<{
  layer: number;
  view: string;
  level: string;
  i: number[] | string;
  j: number[] | string;
  w: string | { p: number; place: number[] };
  s: string;
  c: number;
  m: number;
  window: string;
  fold: number;
  many: number;
  frames: number;
  edit: string;
  zoom: string;
  order: string;
  ask: string;
  claim: string;
}>;

/** What the reader points at: a weight, a neuron, an input, or whatever has one identity. */
export type Target =
  | { kind: "weight"; p: number; place: Place }
  | { kind: "bias"; place: Place }
  | { kind: "neuron"; place: Place; layer?: string | undefined }
  | { kind: "input"; place: Place; layer?: string | undefined }
  | { kind: "layer"; index: number }
  | { kind: "identity"; id: string };

/** A question with its number and its id in the table. */
export interface Asked {
  number: number;
  id: string;
  question: string;
}
/** The questions that people ask of a layer; `unfit`: why one makes no sense for it. */
export interface QuestionsAnswer {
  layer: string;
  questions: (Asked & { unfit: string | null })[];
}
/** An answer as `isochrome ask --json` gives it, and the state that shows it. */
export interface AskAnswer {
  question: string;
  layer: string;
  answer: string;
  verdict: boolean | null;
  numbers: Record<string, unknown>;
  check: { what: string; measured: Record<string, unknown>; holds: boolean | null };
  fits: boolean;
  state: StateRecord;
  /** Those that an answer about the whole model names. */
  layers: { index: number; name: string }[];
}
/** A sentence about a layer, and whether it holds there; `verdict` is null where it cannot be decided. */
export interface ClaimAnswer {
  claim: string;
  verdict: boolean | null;
  because: string;
  state: StateRecord;
}
/** What pictures are usually read to say. */
export interface ClaimsAnswer {
  claims: Omit<ClaimAnswer, "state">[];
  checked: string;
}

/** The one road to data: a path of the host's, and its JSON. */
export type Ask = <T>(path: string) => Promise<T>;
