// Builds dist/ (or the folder given as the first argument) from src/: the same bytes wherever it runs.
import { build } from 'esbuild';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { minify } from 'terser';
import { globalsOf } from './globals.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const target = process.argv[2] ?? join(here, 'dist');
/** Loaded on demand, each from a file of its own: `clicktracker.<part>.js`. */
const PARTS = ['debug', 'decide', 'effects', 'experiment', 'failure', 'move', 'options', 'overlay'];
/** Read where they are used, since they change, cannot be read everywhere, or belong to this window; all uses are guarded. */
const LIVE = ['console', 'devicePixelRatio', 'history', 'innerHeight', 'innerWidth', 'localStorage'];

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
 * Takes the named globals from where the page cannot have replaced them; src/lib/intact.js says how.
 * @param {string[]} names
 * @param {string} guard
 * @returns {import('esbuild').Plugin}
 */
const globalsAreIntact = (names, guard) => ({
  name: 'globals-are-intact',
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^intact-globals$/ }, ({ path }) => ({ path, namespace: 'intact' }));
    onLoad({ filter: /./, namespace: 'intact' }, () => ({
      // The older name of `URL` is a variable of no page, so that the commonest case needs no frame.
      contents: `import { intact } from './intact.js'; export const [${names}] = ${guard}intact('${names.join().replace(/\bURL\b/, 'webkitURL')}');`,
      resolveDir: join(here, 'src', 'lib'),
    }));
  },
});

/**
 * esbuild bundles, terser minifies: 4 percent fewer bytes than esbuild alone. Property names are not shortened: each file
 * is built alone, and a browser may combine a cached part of one build with the script of another.
 * @param {string} source below src/
 * @param {string} name of the built file
 * @param {'iife' | 'esm'} format
 */
const make = async (source, name, format) => {
  // A server that renders pages imports the module too, and has no window.
  const guard = source == 'module.js' ? "typeof window == 'undefined' ? [] : " : '';
  /** @param {string[]} names of globals to take intact */
  const bundle = async (names) => {
    const { outputFiles } = await build({
      entryPoints: [join(here, 'src', source)],
      write: false,
      format,
      bundle: true,
      target: 'es2021',
      charset: 'utf8',
      minifySyntax: true,
      logLevel: 'warning',
      plugins: [partsStayFiles, globalsAreIntact(names, guard)],
      inject: names[0] ? ['intact-globals'] : [],
    });
    return outputFiles[0].text;
  };
  const names = globalsOf(await bundle([])).filter((name) => !LIVE.includes(name));
  const { code = '' } = await minify(await bundle(names), {
    ecma: 2020,
    module: true,
    compress: { passes: 3, inline: 1, unsafe_arrows: true, pure_getters: true },
  });
  await writeFile(join(target, name), code);
};

await mkdir(target, { recursive: true });
await make('index.js', 'clicktracker.js', 'iife');
// The name of 2016.
await copyFile(join(target, 'clicktracker.js'), join(target, 'clickTracker.js'));
await make('module.js', 'clicktracker.mjs', 'esm');
await copyFile(join(here, 'src', 'module.d.ts'), join(target, 'clicktracker.d.mts'));
for (const part of PARTS) await make(`parts/${part}.js`, `clicktracker.${part}.js`, 'esm');
// The dashboard draws with the same code.
if (!process.argv[2])
  for (const name of ['paint', 'project'])
    await copyFile(join(here, 'src', 'lib', `${name}.js`), join(here, '..', 'dashboard', 'static', 'lib', 'map', `${name}.js`));
