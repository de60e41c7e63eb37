// Builds dist/ (or the folder given as the first argument) from src/: the same bytes wherever it runs.
import { build } from 'esbuild';
import { copyFile, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const here = fileURLToPath(new URL('.', import.meta.url));
const target = process.argv[2] ?? join(here, 'dist');

await mkdir(target, { recursive: true });
/** @type {import('esbuild').BuildOptions} */
const options = { outdir: target, bundle: true, minify: true, target: 'es2021', charset: 'utf8', logLevel: 'warning' };
await build({ ...options, entryPoints: { clicktracker: join(here, 'src/index.js') }, format: 'iife' });
// What is loaded only when it is asked for.
await build({ ...options, entryPoints: { 'clicktracker.decide': join(here, 'src/parts/decide.js') }, format: 'esm' });
// The name of 2016.
await copyFile(join(target, 'clicktracker.js'), join(target, 'clickTracker.js'));
