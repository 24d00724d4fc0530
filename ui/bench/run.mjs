// Bundles the bench and runs it on a relation: `node bench/run.mjs PAYLOAD.json`.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = mkdtempSync(join(tmpdir(), "isochrome-bench-"));
const file = join(out, "matrix.mjs");
try {
  const entry = join(here, "matrix.ts");
  await build({
    entryPoints: [entry],
    absWorkingDir: join(here, ".."),
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    outfile: file,
    logLevel: "warning",
  });
  process.exitCode = spawnSync(process.execPath, [file, process.argv[2]], { stdio: "inherit" }).status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
