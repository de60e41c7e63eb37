// Builds dist/ (or the folder given as the first argument) from src/: the same bytes wherever it runs.
import { build } from 'esbuild';
import { copyFile, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const here = fileURLToPath(new URL('.', import.meta.url));
const target = process.argv[2] ?? join(here, 'dist');

await mkdir(target, { recursive: true });
await build({
  entryPoints: { clicktracker: join(here, 'src/index.js'), 'clicktracker.decide': join(here, 'src/parts/decide.js') },
  outdir: target,
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2020',
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
});
// The name of 2016.
await copyFile(join(target, 'clicktracker.js'), join(target, 'clickTracker.js'));
