// Builds src/main.ts (and src/page.css, where main.ts imports no stylesheet of its own) into the Python package.
import { build } from "esbuild";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { minify } from "terser";

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

// Elements as calls of `h`, children as its arguments: a fortieth shorter than `jsx` with its `children:` everywhere.
const { outputFiles } = await build({
  ...common,
  write: false,
  entryPoints: { page: "src/main.ts" },
  outdir: target,
  format: "esm",
  inject: ["src/elements.ts"],
  tsconfigRaw: { compilerOptions: { jsx: "react", jsxFactory: "h", jsxFragmentFactory: "Fragment" } },
});

// Both assumptions hold here: reading a property does nothing else, and only classes and declared functions are `new`ed.
const { code } = await minify(outputFiles[0].text, {
  module: true,
  ecma: 2022,
  compress: { passes: 4, hoist_funs: true, keep_fargs: false, pure_getters: true, unsafe_arrows: true },
});
// The offline page carries the bundle alone, so the licence Preact asks for travels inside it.
writeFileSync(join(target, "page.js"), `/* Contains Preact.\n${licence} */\n${code}\n`);

if (existsSync(join(here, "src", "page.css"))) {
  // Fonts are served beside the stylesheet by the host, which knows their addresses.
  await build({ ...common, entryPoints: { page: "src/page.css" }, outdir: target, external: ["*.woff2"] });
}
