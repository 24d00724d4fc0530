/** The Ask panel: what people ask of a layer, answered and checked; and whether what is said of it is true. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Modal } from "./dialogs";
import { count, value } from "./numbers";
import { Fault, Loading } from "./states";
import { message, type Store } from "./store";
import type { AskAnswer, Asked, ClaimAnswer, ClaimsAnswer, QuestionsAnswer, StateRecord } from "./types";

/** The panel without a question: all of them, and the claims. */
export const ALL = "all";
/** What stands before a question about the whole model. */
const MODEL = "model:";

/** What the host answers; nothing where there is nothing to ask. */
export function useAnswer<T>(store: Store, path: string | null): { path: string | null; answer?: T; error?: string } {
  const [found, setFound] = useState<{ path: string | null; answer?: T; error?: string }>({ path: null });
  useEffect(() => {
    let current = path !== null;
    if (path !== null)
      store.ask<T>(path).then(
        (answer) => current && setFound({ path, answer }),
        (fault: unknown) => current && setFound({ path, error: message(fault) }),
      );
    return () => {
      current = false;
    };
  }, [store, path]);
  return found.path === path ? found : { path };
}

export function AskPanel({ store, asked }: { store: Store; asked: string }) {
  const { state } = store;
  const pane = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLElement>(null);
  const question = asked !== ALL;
  const one = question || state.claim !== undefined;
  // Where the list makes room for the answer, the focus goes to it.
  useLayoutEffect(() => {
    if (one && list.current && !list.current.offsetWidth) pane.current?.focus();
  }, [asked, state.claim]);
  return (
    <Modal title="Ask" name="ask" onClose={() => store.set({ ask: undefined, claim: undefined })}>
      <form method="dialog" class="end">
        <button class="outlined">Close</button>
      </form>
      <div class={`panes${one ? " one" : ""}`}>
        <nav ref={list} aria-label="Questions" onKeyDown={walk}>
          <List
            store={store}
            asked={asked}
            title="About the whole model"
            before={MODEL}
            questions={store.model.questions ?? []}
          />
          <Questions store={store} asked={asked} />
        </nav>
        <div class="pane" ref={pane} tabIndex={0} role="region" aria-label={question ? "Answer" : "Claims"} aria-live="polite">
          {one && (
            <button type="button" class="plain" onClick={() => store.set({ ask: ALL, claim: undefined })}>
              ‹ All questions, and claims
            </button>
          )}
          {state.edit && <p>Asked of the stored numbers, not of those changed here.</p>}
          {question ? (
            <Answer store={store} path={pathOf(asked, state.layer)} />
          ) : (
            <Claiming store={store} />
          )}
        </div>
      </div>
    </Modal>
  );
}

const pathOf = (asked: string, layer: number): string =>
  asked.startsWith(MODEL)
    ? `ask/model/${encodeURIComponent(asked.slice(MODEL.length))}`
    : `ask/${layer}/${encodeURIComponent(asked)}`;

/** Up and down go from question to question, Home and End to the first and the last. */
function walk(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const all = [...event.currentTarget.querySelectorAll("button")];
  const at = all.indexOf(event.target as HTMLButtonElement);
  const to = { ArrowUp: Math.max(at - 1, 0), ArrowDown: at + 1, Home: 0, End: all.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  all[to]?.focus();
}

interface Listed {
  store: Store;
  asked: string;
  title: string;
  before?: string;
  questions: readonly Asked[];
}

function List({ store, asked, title, before = "", questions }: Listed) {
  if (questions.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ol aria-label={title}>
        {questions.map(({ number, id, question }) => (
          <li key={id} value={number}>
            <button
              type="button"
              aria-current={before + id === asked ? "true" : undefined}
              onClick={() => store.set({ ask: before + id, claim: undefined })}
            >
              {question}
            </button>
          </li>
        ))}
      </ol>
    </>
  );
}

function Questions({ store, asked }: { store: Store; asked: string }) {
  const { answer, error } = useAnswer<QuestionsAnswer>(store, `questions/${store.state.layer}`);
  if (error) return <Fault text={error} />;
  if (!answer) return <Loading text="Reading the questions" />;
  const without = answer.questions.filter(({ unfit }) => unfit);
  return (
    <>
      <List
        store={store}
        asked={asked}
        title={`About this layer, ${answer.layer}`}
        questions={answer.questions.filter(({ unfit }) => !unfit)}
      />
      {without.length > 0 && <h3>Makes no sense for {answer.layer}</h3>}
      <ol>
        {without.map(({ number, id, question, unfit }) => (
          <li key={id} value={number}>
            {question} <span>Here {unfit}.</span>
          </li>
        ))}
      </ol>
    </>
  );
}

function Answer({ store, path }: { store: Store; path: string }) {
  const { answer, error } = useAnswer<AskAnswer>(store, path);
  if (error) return <Fault text={error} rest="The other questions can still be asked." />;
  if (!answer) return <Loading text="Working it out, and checking it" />;
  const { check, verdict } = answer;
  return (
    <>
      <h3>{answer.question}</h3>
      <p class="said">
        {verdict !== null && <b>{verdict ? "Yes" : "No"}: </b>}
        {answer.answer}
      </p>
      {answer.fits && (
        <>
          <div class="shows">
            <Show store={store} state={answer.state} text={`Show it: ${answer.state.view} by ${answer.state.level}`} />
            {answer.layers.map(({ index, name }) => (
              <Show key={index} store={store} state={{ layer: index, view: "start" }} text={`Layer ${name}`} />
            ))}
          </div>
          <Numbers title="Numbers" record={answer.numbers} />
          <h3>Check: {check.holds === null ? "nothing to compare" : check.holds ? "agrees" : "DOES NOT AGREE"}</h3>
          <p>{check.what}</p>
          <Numbers title="Measured" record={check.measured} />
        </>
      )}
    </>
  );
}

function Show({ store, state, text }: { store: Store; state: StateRecord; text: string }) {
  if (Object.keys(state).length === 0) return null;
  return (
    <button type="button" class="outlined" onClick={() => store.show(state)}>
      {text}
    </button>
  );
}

function Numbers({ title, record }: { title: string; record: Record<string, unknown> }) {
  const all = leaves(record);
  if (all.length === 0) return null;
  return (
    <table>
      <caption>{title}</caption>
      <tbody>
        {all.map(([name, text]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{text}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Every number of a record with the names that lead to it. */
function leaves(record: Record<string, unknown>, before = ""): [string, string][] {
  return Object.entries(record).flatMap(([name, one]): [string, string][] =>
    isRecord(one)
      ? leaves(one, `${before}${name} · `)
      : Array.isArray(one) && isRecord(one[0])
        ? one.flatMap(({ layer, ...rest }) =>
            Object.entries(rest).map(([key, each]): [string, string] => [`${String(layer)} · ${key}`, written(each)]),
          )
        : [[before + name, written(one)]],
  );
}

const isRecord = (one: unknown): one is Record<string, unknown> =>
  typeof one === "object" && one !== null && !Array.isArray(one);

function written(one: unknown): string {
  if (one === null) return "none";
  if (typeof one === "boolean") return one ? "yes" : "no";
  if (typeof one === "number") return Number.isInteger(one) ? count(one) : value(one, 6);
  if (Array.isArray(one)) return `[${one.map(written).join(", ")}]`;
  if (!isRecord(one)) return String(one);
  const known = leaves(one).filter(([, text]) => text !== "none");
  return known.map((pair) => pair.join(" ")).join(", ");
}

/** A sentence about the layer, typed or chosen, and the verdict on it. */
function Claiming({ store }: { store: Store }) {
  const { layer, claim } = store.state;
  const [text, setText] = useState(claim ?? "");
  const usual = useAnswer<ClaimsAnswer>(store, `claims/${layer}`).answer?.claims ?? [];
  const path = claim ? `claim/${layer}?text=${encodeURIComponent(claim)}` : null;
  const { answer, error } = useAnswer<ClaimAnswer>(store, path);
  useEffect(() => setText(claim ?? ""), [claim]);
  const make = (sentence: string): void => store.set({ ask: ALL, claim: sentence.trim() || undefined });
  return (
    <>
      <h3>Is it true?</h3>
      <form
        class="claiming"
        onSubmit={(event) => {
          event.preventDefault();
          make(text);
        }}
      >
        <input
          aria-label="A claim about this layer"
          placeholder="filters 0 and 1 share weights"
          maxLength={300}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button class="outlined">Decide</button>
      </form>
      {error && <Fault text={error} />}
      {path && !error && !answer && <Loading text="Deciding it from the formula" />}
      {answer && (
        <div class={answer.verdict === null ? "unread" : "decided"}>
          <p class="said">
            {answer.verdict !== null && <b>{answer.verdict ? "True" : "False"}: </b>}
            {answer.because}
          </p>
          <Show store={store} state={answer.state} text="Show the witness" />
        </div>
      )}
      {usual.length > 0 && <h3>What people say of such pictures</h3>}
      <ul>
        {usual.map((one) => (
          <li key={one.claim}>
            <button type="button" onClick={() => make(one.claim)}>
              {one.claim}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
