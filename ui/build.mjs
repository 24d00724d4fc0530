// Builds src/main.ts (and src/page.css, where main.ts imports no stylesheet of its own) into the Python package.
import { build } from "esbuild";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, "..", "isochrome", "app", "static");
const licence = readFileSync(join(here, "node_modules", "preact", "LICENSE"), "utf8").trim();

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  target: "es2022",
  logLevel: "warning",
  legalComments: "none",
};

// The offline page carries the bundle alone, so the licence Preact asks for travels inside it.
await build({
  ...common,
  entryPoints: { page: "src/main.ts" },
  outdir: target,
  format: "esm",
  jsx: "automatic",
  jsxImportSource: "preact",
  banner: { js: `/* Contains Preact.\n${licence} */` },
});

if (existsSync(join(here, "src", "page.css"))) {
  // Fonts are served beside the stylesheet by the host, which knows their addresses.
  await build({ ...common, entryPoints: { page: "src/page.css" }, outdir: target, external: ["*.woff2"] });
}
