/**
 * Compresses what the build has made, once and as small as it gets, so that the gateway never does: beside each file that
 * gains by it lie one of brotli and one of gzip.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const DIST = fileURLToPath(new URL('dist', import.meta.url));
const TEXTS = /\.(?:css|html|js|json|map|svg|txt)$/;

const WAYS = [
  {
    ending: '.br',
    compress: (bytes: Buffer): Buffer =>
      brotliCompressSync(bytes, {
        params: {
          [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
          [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
          [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        },
      }),
  },
  { ending: '.gz', compress: (bytes: Buffer): Buffer => gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }) },
];

for (const name of readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter((file) => TEXTS.test(file))) {
  const path = join(DIST, name);
  const bytes = readFileSync(path);
  for (const { ending, compress } of WAYS) {
    const small = compress(bytes);
    if (small.length < bytes.length) writeFileSync(`${path}${ending}`, small);
  }
}
