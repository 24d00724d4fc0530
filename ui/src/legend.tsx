/** The one legend of the screen: identity of what, how many of how many, and which. */
import { useRef } from "preact/hooks";
import { PHONE, useMarks, useMedia } from "./hooks";
import { value } from "./numbers";
import type { Store } from "./store";
import type { Chip, Legend } from "./types";

export function LegendBar({ store, legend }: { store: Store; legend: Legend | null }) {
  return (
    <section class="panel legend" aria-label="Legend">
      {!store.atOneLevel && <Levels store={store} />}
      <p class="coloured" aria-live="polite">
        {legend && (
          <>
            <b>{legend.coloured ? `Coloured: ${legend.coloured}` : legend.title}</b>
            <span>{legend.count}</span>
          </>
        )}
      </p>
      {!store.atOneLevel && <Turns store={store} />}
      {legend && <Chips store={store} chips={legend.chips} />}
    </section>
  );
}

function Levels({ store }: { store: Store }) {
  const phone = useMedia(PHONE);
  const { level } = store.state;
  if (phone)
    return (
      <select
        aria-label="Colour by"
        value={level}
        onChange={(event) => store.set({ level: event.currentTarget.value })}
      >
        {store.model.levels.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    );
  return (
    <fieldset class="levels">
      <legend>Colour by</legend>
      <Switch
        name="level"
        value={level}
        options={store.model.levels.map((name) => [name, name])}
        onChange={(name) => store.set({ level: name })}
      />
    </fieldset>
  );
}

interface SwitchProps {
  name: string;
  value: string;
  options: [value: string, text: string][];
  onChange(value: string): void;
}
function Switch({ name, value, options, onChange }: SwitchProps) {
  return (
    <span class="switch">
      {options.map(([option, text]) => (
        <label key={option} class={option === value ? "on" : ""}>
          <input
            type="radio"
            name={`isochrome-${name}`}
            value={option}
            checked={option === value}
            onChange={() => onChange(option)}
          />
          {text}
        </label>
      ))}
    </span>
  );
}

/** More than this many channels are chosen from a list. */
const FEW = 4;

/** Which filter and which channel are coloured: only where one of several can be. */
function Turns({ store }: { store: Store }) {
  const { layer, state } = store;
  if (!layer || state.level === "filter" || state.level === "parameter") return null;
  const channels = layer.extent("channel");
  const filters = layer.extent("filter");
  const filter = store.filter;
  return (
    <span class="turns">
      {state.level !== "channel" && filters > 1 && (
        <Choice name="filter" size={filters} value={filter} onChange={(m) => store.turn("m", m)} />
      )}
      {channels > 1 && channels <= FEW && (
        <Switch
          name="channel"
          value={String(store.channel)}
          options={numbers(channels).map((c) => [String(c), `ch ${c}`])}
          onChange={(c) => store.turn("c", Number(c))}
        />
      )}
      {channels > FEW && (
        <Choice name="channel" size={channels} value={store.channel} onChange={(c) => store.turn("c", c)} />
      )}
    </span>
  );
}

const numbers = (size: number): number[] => Array.from({ length: size }, (_, k) => k);
/** A select of this many entries is still one to look through; past it, a number is typed. */
const LISTED = 64;

function Choice({
  name,
  size,
  value,
  onChange,
}: {
  name: string;
  size: number;
  value: number;
  onChange(value: number): void;
}) {
  if (size > LISTED)
    return (
      <label class="choice">
        {name}{" "}
        <input
          type="number"
          min={0}
          max={size - 1}
          value={value}
          onChange={(event) => onChange(event.currentTarget.valueAsNumber)}
        />{" "}
        of {size}
      </label>
    );
  return (
    <select aria-label={name} value={String(value)} onChange={(event) => onChange(Number(event.currentTarget.value))}>
      {numbers(size).map((k) => (
        <option key={k} value={String(k)}>
          {name} {k}
        </option>
      ))}
    </select>
  );
}

const NINE = 9;

/** The number on a chip, where it is short enough: the reader's own, if it was changed. */
function short(store: Store, chip: Chip): string {
  const changed = store.layer?.edits.get(`w:${chip.id.slice(chip.id.indexOf(":") + 1)}`);
  const text = chip.id.startsWith("weight:") && changed !== undefined ? value(changed, 2) : (chip.value ?? "");
  return text.length < 4 ? text : "";
}

function Chips({ store, chips }: { store: Store; chips: Chip[] }) {
  const row = (chip: Chip | undefined): string => chip?.label.split(",").slice(0, -1).join() ?? "";
  const box = useRef<HTMLUListElement>(null);
  useMarks(store, box, chips);
  const wide = chips.some((chip) => chip.label.length > 5);
  return (
    <ul ref={box} class={`chips${wide ? " wide" : ""}${chips.length > NINE ? " many" : ""}`}>
      {chips.map((chip, k) => (
        <li key={chip.id} class={k > 0 && chip.label.includes(",") && row(chip) !== row(chips[k - 1]) ? "start" : ""}>
          <button
            type="button"
            data-chip={chip.id}
            title={chip.value && chip.value.length > 3 ? chip.value : undefined}
            onPointerEnter={() => store.linking.point(store.linking.meaning(chip.id))}
            onPointerLeave={() => store.linking.point(null)}
            onFocus={() => store.linking.point(store.linking.meaning(chip.id))}
            onBlur={() => store.linking.point(null)}
            onClick={() => store.keep(store.linking.meaning(chip.id))}
          >
            <span class="swatch mono" data-id={chip.id} style={{ background: chip.colour, color: chip.on }}>
              {short(store, chip)}
            </span>{" "}
            <span class="label">{chip.label}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
