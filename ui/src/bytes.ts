/** Base64 little-endian data as numbers. */
import type { TensorPayload } from "./types";

function bytes(text: string): ArrayBuffer {
  const plain = atob(text);
  const out = new Uint8Array(plain.length);
  for (let k = 0; k < plain.length; k++) out[k] = plain.charCodeAt(k);
  return out.buffer;
}

export const integers = (text: string): Int32Array => new Int32Array(bytes(text));

export interface Tensor {
  shape: readonly number[];
  at(place: readonly number[]): number | undefined;
}

type Numbers = ArrayLike<number | bigint>;
const READERS: Record<string, (data: ArrayBuffer) => Numbers> = {
  f4: (data) => new Float32Array(data),
  f8: (data) => new Float64Array(data),
  i1: (data) => new Int8Array(data),
  u1: (data) => new Uint8Array(data),
  i2: (data) => new Int16Array(data),
  u2: (data) => new Uint16Array(data),
  i4: (data) => new Int32Array(data),
  u4: (data) => new Uint32Array(data),
  i8: (data) => new BigInt64Array(data),
  u8: (data) => new BigUint64Array(data),
};

/** The tensor of a payload, read when first asked for; null where it is not there. */
export function tensor(payload: TensorPayload | null | undefined): Tensor | null {
  const read = payload && READERS[payload.dtype.replace(/^[<|=]/, "")];
  if (!payload || !read) return null;
  let data: Numbers | null = null;
  const shape = payload.shape;
  return {
    shape,
    at(place) {
      if (place.length !== shape.length) return undefined;
      let flat = 0;
      for (let k = 0; k < shape.length; k++) flat = flat * shape[k]! + place[k]!;
      data ??= read(bytes(payload.data));
      const value = data[flat];
      return value === undefined ? undefined : Number(value);
    },
  };
}
