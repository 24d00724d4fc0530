/** The hosts: what is asked for, what is kept, and what an offline page does without. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hostOf, remembered } from "../src/host";
import type { Ask, DrawAnswer } from "../src/types";

const model = (entries: Record<string, unknown>) => ({ get: (key: string) => entries[key] });
const offline = (answers: Record<string, unknown>): Ask => hostOf(model({ host: "offline", answers }));

test("an offline page answers from its packed answers", async () => {
  assert.deepEqual(await offline({ model: { name: "a" } })("model"), { name: "a" });
});

test("what is not packed is said in one line", async () => {
  const ask = offline({ model: { lacks: "It holds 1 of 2 layers." } });
  await assert.rejects(ask("draw/0/kernel/weight?i=0"), {
    message: "kernel by weight: not in this file. It holds 1 of 2 layers.",
  });
  await assert.rejects(ask("layer/3"), { message: "layer 3: not in this file. It holds 1 of 2 layers." });
});

test("what made an input is read off the packed table of its layer", async () => {
  const one = { layer: 0, name: "conv1", count: 4, through: ["max pool"], axes: 2 };
  const input = { layer: null, name: "x", count: 1, through: [], axes: 1 };
  const rows = [
    [0, 0, 0],
    [0, 0, 2],
    [1, 2, 0, 5],
    [-1, 0, 2],
  ];
  const ask = offline({ "makers/1": { shape: [2, 2], kinds: [[one], [one, input]], rows } });
  assert.deepEqual(await ask("makers/1?x=0,1"), { makers: [{ ...one, places: [[0, 2]] }] });
  const both = [
    { ...one, places: [[2, 2]] },
    { ...input, places: [[5]] },
  ];
  assert.deepEqual(await ask("makers/1?x=1,0"), { makers: both });
  assert.deepEqual(await ask("makers/1?x=1,1"), { makers: [{ ...one, places: [[2, 4]] }] });
  await assert.rejects(ask("makers/2?x=0"), /^Error: what made this input: not in this file/);
});

test("a missing drawing is replaced by the most alike of the same layer, view and level, and says so", async () => {
  const ask = offline({
    "draw/0/bank/weight?i=0,0,0&c=0": { svg: "first" },
    "draw/0/bank/weight?i=0,0,0&c=1": { svg: "second" },
    "draw/0/bank/filter?i=9,9,9&c=1": { svg: "other level" },
  });
  const answer = await ask<DrawAnswer>("draw/0/bank/weight?i=9,9,9&c=1");
  assert.equal(answer.svg, "second");
  assert.equal(answer.instead, "draw/0/bank/weight?i=0,0,0&c=1");
});

test("a served page asks its own address and shows the host's error", async () => {
  const asked: string[] = [];
  const real = globalThis.fetch;
  globalThis.fetch = (async (address: string) => {
    asked.push(address);
    if (address.endsWith("gone")) throw new TypeError("network");
    return new Response(
      JSON.stringify(
        address.endsWith("model") ? { name: "a" } : { error: "layer 9: must be below 3. Choose another." },
      ),
      { status: address.endsWith("model") ? 200 : 404 },
    );
  }) as typeof fetch;
  try {
    const ask = hostOf(model({ host: "served", base: "/TOKEN" }));
    assert.deepEqual(await ask("model"), { name: "a" });
    await assert.rejects(ask("layer/9"), { message: "layer 9: must be below 3. Choose another." });
    await assert.rejects(ask("gone"), /does not answer/);
    assert.deepEqual(asked, ["/TOKEN/api/model", "/TOKEN/api/layer/9", "/TOKEN/api/gone"]);
  } finally {
    globalThis.fetch = real;
  }
});

test("a notebook gives a function", async () => {
  assert.equal(await hostOf(model({ host: "notebook", ask: (path: string) => path.length }))("model"), 5);
});

test("answers are kept, faults are not, and the oldest goes first", async () => {
  let calls = 0;
  const ask = remembered(async <T>(path: string): Promise<T> => {
    calls++;
    if (path === "bad") throw new Error("once");
    return path as T;
  }, 2);
  await ask("a");
  await ask("a");
  assert.equal(calls, 1);
  await assert.rejects(ask("bad"));
  await assert.rejects(ask("bad"));
  assert.equal(calls, 3);
  await ask("b");
  await ask("c");
  await ask("a");
  assert.equal(calls, 6);
});

test("a notebook's questions are messages, and each answer finds its question", async () => {
  const sent: { id: number; path: string }[] = [];
  let answer: (content: unknown) => void = () => undefined;
  const ask = hostOf({
    get: (key) => (key === "host" ? "notebook" : undefined),
    send: (content) => sent.push(content as (typeof sent)[0]),
    on: (_, listener) => {
      answer = listener;
    },
  });
  const [first, second] = [ask("model"), ask("layer/9")];
  answer({ id: sent[1]!.id, error: "layer 9: must be 0 to 0" });
  answer({ id: sent[0]!.id, answer: { name: "a" } });
  assert.deepEqual(await first, { name: "a" });
  await assert.rejects(second, { message: "layer 9: must be 0 to 0" });
});
