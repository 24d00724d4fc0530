/** Numbers and places as text: U+2212 minus, one thousands style, sums that are true as printed. */
import type { Place } from "./types";

export const MINUS = "\u2212";
const signed = (text: string): string => text.replace(/-/g, MINUS);

/** A count with its thousands: 105,415,200. Exact for bigints and for integers sent as text. */
export function count(value: number | bigint | string | null | undefined): string {
  if (value === null || value === undefined) return "?";
  const text = String(value);
  return /^-?\d+$/.test(text) ? signed(text.replace(/\B(?=(\d{3})+$)/g, ",")) : text;
}

export const plural = (value: number | bigint | string, one: string, many = `${one}s`): string =>
  `${count(value)} ${String(value) === "1" ? one : many}`;

export const placeText = (place: Place): string => place.map((n) => signed(String(n))).join(",");
export const named = (tensor: string, place: Place): string => `${tensor}[${placeText(place)}]`;

/** A value in few characters: integers whole, others to `digits` significant digits. */
export function value(number: number, digits = 3): string {
  if (Number.isNaN(number)) return "nan";
  if (!Number.isFinite(number)) return number > 0 ? "inf" : `${MINUS}inf`;
  if (Number.isInteger(number) && Math.abs(number) < 1e6) return signed(String(number === 0 ? 0 : number));
  const size = Math.abs(number);
  const text =
    size >= 1e6 || size < 1e-4 ? number.toExponential(digits - 1).replace("e+", "e") : trimmed(number, digits);
  return signed(text);
}

function trimmed(number: number, digits: number): string {
  if (Math.abs(number) >= 10 ** digits) return number.toFixed(0);
  const text = number.toPrecision(digits);
  return text.includes("e") ? String(Number(text)) : text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** The value as it is stored: as many digits as read back the same float32 (the tensors are float32). */
export function exact(number: number): string {
  for (let digits = 6; digits < 10; digits++) {
    const text = number.toPrecision(digits);
    if (Math.fround(Number(text)) === number) return value(Number(text), digits);
  }
  return signed(String(number));
}

/** How many decimals a sum needs: none for integers, else four significant digits of its largest part. */
export function decimals(parts: readonly number[]): number {
  if (parts.every((part) => Number.isInteger(part))) return 0;
  const largest = Math.max(...parts.map(Math.abs), 1e-12);
  return Math.min(12, Math.max(0, 3 - Math.floor(Math.log10(largest))));
}

export const fixed = (number: number, places: number): string => {
  const text = number.toFixed(places);
  return signed(/^-0(\.0+)?$/.test(text) ? text.slice(1) : text);
};

/**
 * What rounding took from a sum printed with so many decimals: the printed total minus the printed parts.
 * Not zero: it has to be printed as a part of its own, so that the equation is true as it stands.
 */
export function rounding(parts: readonly number[], total: number, places: number): number {
  const scale = 10 ** places;
  const whole = (number: number): number => Math.round(Number(number.toFixed(places)) * scale);
  return (whole(total) - parts.reduce((sum, part) => sum + whole(part), 0)) / scale;
}
