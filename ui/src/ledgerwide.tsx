/** The ledger as five rows: products, inputs, the weights once, inputs, products; the sums at the right. */
import type { ComponentChildren } from "preact";
import { grouped, parts, type Neuron, type Row, type Term } from "./ledger";
import { DIGITS, InputCell, labelsOf, modelWords, printed, ProductCell, Tag, textOf, WeightCell } from "./ledgercells";
import type { Page } from "./ledgerpanel";
import type { Store } from "./store";

export function Wide({ store, page, cell }: { store: Store; page: Page; cell: number }) {
  const { first, second, shown, apart } = page;
  const group = (row: Row): number => (row.first ?? row.second)!.group;
  const runs = shown.reduce<{ group: number; size: number }[]>((found, row) => {
    if (found.at(-1)?.group === group(row)) found.at(-1)!.size++;
    else found.push({ group: group(row), size: 1 });
    return found;
  }, []);
  const channels = grouped(first);
  const begins = (k: number): string => (channels && k > 0 && group(shown[k]!) !== group(shown[k - 1]!) ? "start" : "");
  const weights = new Set(shown.map((row) => (row.first ?? row.second)!.key)).size;
  // Nothing but inputs that are added: there is no weight to write.
  const bare = shown.every((row) => (row.first ?? row.second)!.sort === "plain");
  const line = (name: string, of: (row: Row) => ComponentChildren, tag?: "i" | "j", kind = name) => (
    <tr class={kind}>
      <th scope="row">
        {tag && <Tag pinned={tag === "j"} />}
        <span>{name}</span>
      </th>
      {shown.map((row, k) => (
        <td key={k} class={begins(k)}>
          {of(row)}
        </td>
      ))}
    </tr>
  );
  const weight = (term: Term | null) => (term ? <WeightCell digits={DIGITS.wide} term={term} /> : <span class="box" />);
  return (
    <div class="sheet-of-numbers">
      <div class="scroll" tabIndex={0} role="region" aria-label="Products of i and j, one column a weight">
        <table class={`mono${cell > 28 ? " small" : ""}`} style={{ "--cell": `${cell}px` }}>
          {channels && (
            <thead>
              <tr>
                <td />
                {runs.map((run, k) => (
                  <th key={k} scope="colgroup" colSpan={run.size} class={k > 0 ? "start" : ""}>
                    {run.size > 2 ? `channel ${run.group}` : run.group}
                  </th>
                ))}
              </tr>
            </thead>
          )}
          <tbody>
            {line(
              "products",
              (row) => (
                <ProductCell digits={DIGITS.wide} term={row.first} place={first.place} />
              ),
              "i",
            )}
            {line("inputs", (row) => (
              <InputCell digits={DIGITS.wide} term={row.first} place={first.place} />
            ))}
            {!bare && line(
              `${weights} ${weights === 1 ? "weight" : "weights"}`,
              (row) => weight(row.first ?? (apart ? null : row.second)),
              undefined,
              "weights",
            )}
            {second && apart && !bare && line("weights of j", (row) => weight(row.second), undefined, "weights")}
            {second &&
              line("inputs", (row) => <InputCell digits={DIGITS.wide} term={row.second} place={second.place} />)}
            {second &&
              line(
                "products",
                (row) => <ProductCell digits={DIGITS.wide} term={row.second} place={second.place} />,
                "j",
              )}
          </tbody>
        </table>
      </div>
      <Sums store={store} page={page} />
    </div>
  );
}

function Sums({ store, page: { first, second, shown } }: { store: Store; page: Page }) {
  const keys = new Set(
    shown.flatMap((row) => [row.first?.key, row.second?.key]).filter((key): key is string => key !== undefined),
  );
  const of = (neuron: Neuron) => printed(parts(neuron, keys), neuron.total);
  const upper = of(first);
  const lower = second && of(second);
  const heads = labelsOf(upper, lower);
  const line = (sum: ReturnType<typeof of>, name: string) => (
    <tr class="sum" aria-label={`sum of ${name}`}>
      <td><Tag pinned={name === "j"} /></td>
      {heads.map((head) => (
        <td key={head}>{textOf(sum, head)}</td>
      ))}
      <td class="total">
        = <b>{sum.total}</b>
      </td>
    </tr>
  );
  return (
    <table class="sums mono">
      <thead>
        <tr>
          <td />
          {heads.map((label) => (
            <th key={label} scope="col">
              {label}
            </th>
          ))}
          <th scope="col">total</th>
        </tr>
      </thead>
      <tbody>
        {line(upper, "i")}
        <tr class="says">
          <td colSpan={heads.length + 2}>{modelWords(store, [first, second])}</td>
        </tr>
        {lower && line(lower, "j")}
      </tbody>
    </table>
  );
}
