// node build.mjs <tracker folder> <target>: the entries beside this file, made by the same tools and settings as ours; and what
// each module of ours adds.
import { createRequire } from 'node:module';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const [tracker, target] = process.argv.slice(2);
const require = createRequire(join(tracker, 'package.json'));
const { build } = require('esbuild');
const { minify } = require('terser');
const OPTIONS = { bundle: true, format: 'iife', target: 'es2021', charset: 'utf8', logLevel: 'error', write: false };

const brotli = (text) =>
  brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 } }).length;
const squeezed = async (text) =>
  (await minify(text, { ecma: 2020, module: true, compress: { passes: 3, inline: 1, unsafe_arrows: true, pure_getters: true } })).code;

const sizes = {};
for (const name of (await readdir(target)).filter((name) => name.endsWith('.js'))) {
  const { outputFiles } = await build({ ...OPTIONS, entryPoints: [join(target, name)] });
  const code = await squeezed(outputFiles[0].text);
  sizes[name.replace('.js', '')] = [Buffer.byteLength(code), brotli(code)];
}
for (const name of (await readdir(join(tracker, 'dist'))).filter((name) => /\.m?js$/.test(name))) {
  const code = await readFile(join(tracker, 'dist', name), 'utf8');
  sizes['dist/' + name] = [Buffer.byteLength(code), brotli(code)];
}

// What the script would weigh without one module: its text is cut out of the bundle, which need not run.
const { outputFiles } = await build({
  ...OPTIONS,
  entryPoints: [join(tracker, 'src/index.js')],
  minifyIdentifiers: true,
  minifySyntax: true,
});
const pieces = outputFiles[0].text.split(/^ {2}\/\/ (?:.*\/)?src\/(.*)$/m);
const joined = (without) => pieces.filter((_, at) => at % 2 == 0 && at != without).join('').replace(/\n\s*/g, '');
const parts = {};
for (let at = 1; at < pieces.length; at += 2) parts[pieces[at]] = brotli(joined(-1)) - brotli(joined(at + 1));

await writeFile(join(target, 'sizes.json'), JSON.stringify({ sizes, parts }));
