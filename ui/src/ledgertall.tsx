/** The ledger as rows: product, input, the weight in the middle, input, product; the sums below. */
import { grouped, parts, type Neuron, type Row } from "./ledger";
import { DIGITS, InputCell, labelsOf, modelWords, printed, ProductCell, Tag, textOf, WeightCell } from "./ledgercells";
import type { Page } from "./ledgerpanel";
import { named } from "./numbers";
import type { Store } from "./store";

export function Tall({ store, page }: { store: Store; page: Page }) {
  const { first, second, shown, apart } = page;
  const channels = grouped(first);
  return (
    <table class="rows mono">
      <thead>
        <tr>
          <th scope="col" colSpan={2}>
            <Tag /> {named("y", first.place)}
          </th>
          <th scope="col">{apart ? "weights of i, of j" : "weight"}</th>
          {second && (
            <th scope="col" colSpan={2} class="right">
              <Tag pinned /> {named("y", second.place)}
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {shown.map((row, k) => (
          <tr key={k} class={channels && k > 0 && groupOf(row) !== groupOf(shown[k - 1]!) ? "start" : ""}>
            <td>
              <ProductCell digits={DIGITS.tall} term={row.first} place={first.place} />
            </td>
            <td>
              <InputCell digits={DIGITS.tall} term={row.first} place={first.place} />
            </td>
            <td class="middle">
              {(row.first ?? (apart ? null : row.second)) && (
                <WeightCell digits={DIGITS.tall} term={(row.first ?? row.second)!} labelled />
              )}
              {apart && row.second && <WeightCell digits={DIGITS.tall} term={row.second} labelled />}
            </td>
            {second && (
              <>
                <td>
                  <InputCell digits={DIGITS.tall} term={row.second} place={second.place} />
                </td>
                <td>
                  <ProductCell digits={DIGITS.tall} term={row.second} place={second.place} />
                </td>
              </>
            )}
          </tr>
        ))}
      </tbody>
      <Totals store={store} page={page} />
    </table>
  );
}

const groupOf = (row: Row): number => (row.first ?? row.second)!.group;

function Totals({ store, page: { first, second, shown } }: { store: Store; page: Page }) {
  const keys = new Set(
    shown.flatMap((row) => [row.first?.key, row.second?.key]).filter((key): key is string => key !== undefined),
  );
  const of = (neuron: Neuron) => printed(parts(neuron, keys), neuron.total);
  const left = of(first);
  const right = second && of(second);
  const labels = labelsOf(left, right);
  const words = (label: string): string => label.replace(/^ch /, "channel ");
  return (
    <tfoot>
      {labels.map((label, k) => (
        <tr key={label} class={k === 0 ? "part first" : "part"}>
          <td>{textOf(left, label)}</td>
          <td />
          <td class="middle">{words(label)}</td>
          {right && (
            <>
              <td />
              <td>{textOf(right, label)}</td>
            </>
          )}
        </tr>
      ))}
      <tr class="all">
        <td>
          <b>{left.total}</b>
        </td>
        <td />
        <td class="middle">total</td>
        {right && (
          <>
            <td />
            <td>
              <b>{right.total}</b>
            </td>
          </>
        )}
      </tr>
      <tr class="says">
        <td colSpan={second ? 5 : 3}>{modelWords(store, [first, second])}</td>
      </tr>
    </tfoot>
  );
}
