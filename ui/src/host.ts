/** Where the page's data comes from: a server, a packed file, or a function that a notebook gives. */
import type { Ask, DrawAnswer, MakersAnswer, MakersTable, ModelAnswer } from "./types";

/** What `render` is given, as anywidget gives it. */
export interface HostModel {
  get(key: string): unknown;
  /** A notebook's: what the page selects goes to the kernel, questions go as messages. */
  set?(key: string, value: unknown): void;
  save_changes?(): void;
  on?(event: string, listener: (content: unknown) => void): void;
  send?(content: unknown): void;
}

/** The road to data that a model's "host" names; `el` is where the page is shown. */
export function hostOf(model: HostModel, el?: HTMLElement): Ask {
  const kind = model.get("host");
  if (kind === "offline") return offline(model.get("answers") as Record<string, unknown>);
  const own = model.get("ask");
  if (typeof own === "function") return <T>(path: string) => Promise.resolve(own(path) as T);
  if (kind === "notebook") return asked(model, el);
  return served(String(model.get("base") ?? ""));
}

/**
 * Questions as messages to the kernel: each has a number, and its answer bears the same. A busy kernel answers later;
 * one that was ended never does, and the notebook marks its widgets then.
 */
function asked(model: HostModel, el?: HTMLElement): Ask {
  const open = new Map<number, { done(answer: unknown): void; failed(fault: Error): void }>();
  let last = 0;
  const ended = (): boolean => !!el?.classList.contains("jupyter-widgets-disconnected");
  model.on?.("comm_live_update", () => {
    if (!ended()) return;
    for (const { failed } of open.values()) failed(new Error(ENDED));
    open.clear();
  });
  model.on?.("msg:custom", (content) => {
    const { id, answer, error } = content as { id: number; answer?: unknown; error?: string };
    const waiting = open.get(id);
    open.delete(id);
    if (error !== undefined) waiting?.failed(new Error(error));
    else waiting?.done(answer);
  });
  return <T>(path: string): Promise<T> =>
    new Promise((done, failed) => {
      if (ended()) return failed(new Error(ENDED));
      open.set(++last, { done: (answer) => done(answer as T), failed });
      try {
        model.send?.({ id: last, path });
      } catch {
        open.delete(last); // the notebook has no kernel to send to
        failed(new Error(ENDED));
      }
    });
}

const ENDED = "kernel: must run to answer; it was ended or started anew. Run this cell again.";

function served(base: string): Ask {
  return async <T>(path: string): Promise<T> => {
    let response: Response;
    try {
      response = await fetch(`${base}/api/${path}`, {
        credentials: "same-origin",
        headers: { accept: "application/json" },
      });
    } catch {
      throw new Error(
        "The program behind this page does not answer. Start it again with `isochrome open`, and open the address it prints.",
      );
    }
    const body: unknown = await response.json().catch(() => null);
    if (response.ok && body !== null) return body as T;
    throw new Error(said(body) ?? `${path}: the program answered ${response.status}. Reload the page.`);
  };
}

const said = (body: unknown): string | null =>
  typeof body === "object" && body !== null && "error" in body ? String((body as { error: unknown }).error) : null;

/** An offline page holds some drawings only: where one is missing, the nearest of the same layer, view and level stands in. */
function offline(answers: Record<string, unknown>): Ask {
  return async <T>(path: string): Promise<T> => {
    if (path in answers) return answers[path] as T;
    const [table, x] = path.split("?x=");
    if (x && table! in answers) return made(answers[table!] as MakersTable, x) as T;
    const near = path.startsWith("draw/") ? nearest(path, Object.keys(answers)) : undefined;
    if (near === undefined) {
      const { lacks } = (answers.model ?? {}) as ModelAnswer;
      throw new Error(`${what(path)}: not in this file. ${lacks ?? ""}`);
    }
    return { ...(answers[near] as DrawAnswer), instead: near } as T;
  };
}

/** What made an input: its row of the table, whose numbers are differences from the row before. */
function made({ shape, kinds, rows }: MakersTable, x: string): MakersAnswer {
  const at = x.split(",").reduce((sum, n, axis) => sum * shape[axis]! + +n, 0);
  const [kind, ...places] = rows.slice(0, at + 1).reduce((last, row) => row.map((n, k) => n + (last[k] ?? 0)), []);
  return { makers: (kinds[kind!] ?? []).map((one) => ({ ...one, places: [places.splice(0, one.axes)] })) };
}

/** What a path asks for, in words: "kernel by weight", "layer 3". */
function what(path: string): string {
  const [kind, layer, view, level] = path.split("?")[0]!.split("/");
  return kind === "draw" ? `${view} by ${level}` : (WHAT[kind!] ?? `${kind} ${layer}`);
}

const WHAT: Record<string, string> = {
  explain: "this neuron's arithmetic",
  makers: "what made this input",
  ask: "this answer",
  questions: "the questions about this layer",
  claim: "the verdict on this claim",
  uses: "the uses of this weight",
};

function nearest(path: string, keys: readonly string[]): string | undefined {
  const [bare, query = ""] = path.split("?");
  const wanted = new Set(query.split("&"));
  const likeness = (key: string): number =>
    (key.split("?")[1] ?? "").split("&").filter((part) => wanted.has(part)).length;
  return keys
    .filter((key) => key === bare || key.startsWith(`${bare}?`))
    .sort((a, b) => likeness(b) - likeness(a) || a.length - b.length)[0];
}

/** Answers are kept, newest last, so that going back and pointing again cost nothing; faults are not. */
export function remembered(ask: Ask, limit = 96): Ask {
  const kept = new Map<string, Promise<unknown>>();
  return <T>(path: string): Promise<T> => {
    const known = kept.get(path);
    if (known) {
      kept.delete(path);
      kept.set(path, known);
      return known as Promise<T>;
    }
    const fresh = ask<T>(path);
    kept.set(path, fresh);
    fresh.catch(() => kept.delete(path));
    if (kept.size > limit) kept.delete(kept.keys().next().value!);
    return fresh;
  };
}
