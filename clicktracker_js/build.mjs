// Builds dist/ (or the folder given as the first argument) from src/: the same bytes wherever it runs.
import { build } from 'esbuild';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { minify } from 'terser';

const here = fileURLToPath(new URL('.', import.meta.url));
const target = process.argv[2] ?? join(here, 'dist');
/** Loaded on demand, each from a file of its own: `clicktracker.<part>.js`. */
const PARTS = ['debug', 'decide', 'effects', 'experiment', 'failure', 'move', 'options'];

/** @type {import('esbuild').Plugin} */
const partsStayFiles = {
  name: 'parts-stay-files',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\.\/parts\// }, ({ path }) => ({
      path: path.replace('./parts/', './clicktracker.'),
      external: true,
    }));
  },
};

/**
 * esbuild bundles, terser minifies: 4 percent fewer bytes than esbuild alone. Property names are not shortened: each file
 * is built alone, and a browser may combine a cached part of one build with the script of another.
 * @param {string} source below src/
 * @param {string} name of the built file
 * @param {'iife' | 'esm'} format
 */
const make = async (source, name, format) => {
  const outfile = join(target, name);
  await build({
    entryPoints: [join(here, 'src', source)],
    outfile,
    format,
    bundle: true,
    target: 'es2021',
    charset: 'utf8',
    minifySyntax: true,
    logLevel: 'warning',
    plugins: [partsStayFiles],
  });
  const { code = '' } = await minify(await readFile(outfile, 'utf8'), {
    ecma: 2020,
    module: true,
    compress: { passes: 3, inline: 1, unsafe_arrows: true, pure_getters: true },
  });
  await writeFile(outfile, code);
};

await mkdir(target, { recursive: true });
await make('index.js', 'clicktracker.js', 'iife');
// The name of 2016.
await copyFile(join(target, 'clicktracker.js'), join(target, 'clickTracker.js'));
await make('module.js', 'clicktracker.mjs', 'esm');
await copyFile(join(here, 'src', 'module.d.ts'), join(target, 'clicktracker.d.mts'));
for (const part of PARTS) await make(`parts/${part}.js`, `clicktracker.${part}.js`, 'esm');
