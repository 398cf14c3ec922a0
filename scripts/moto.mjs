/**
 * `node scripts/moto.mjs` makes a Python environment with moto in `.runtime/moto`: a stand-in for AWS (STS, KMS, RDS) that the
 * tests of AWS identity, KMS keys and RDS replicas run against. Without it these tests are skipped, and say so; all else works.
 * When it is there already it costs some milliseconds.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RUNTIME } from './runtime.mjs';
import { withLock } from './setup-lock.mjs';
import { runToEnd, say, step } from './steps.mjs';

/** Its server and the two services; moto's own extra `server` brings sixty packages for services that nobody asks here. */
const PACKAGES = ['moto==5.2.5', 'flask==3.1.3', 'flask-cors==6.0.5', 'werkzeug==3.1.9'];
const HOME = join(RUNTIME, 'moto');
const STAMP = join(HOME, 'packages');
const WANTED = PACKAGES.join('\n');

const isMade = () => existsSync(STAMP) && readFileSync(STAMP, 'utf8') === WANTED;

/** @param {string} command @param {string[]} args @returns {Promise<void>} throws what the command said when it fails */
async function run(command, args) {
  const { code, stdout, stderr } = await runToEnd(command, args, {});
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`.trim());
}

async function make() {
  rmSync(HOME, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', HOME]);
  await run(join(HOME, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', ...PACKAGES]);
  await run(join(HOME, 'bin/python'), ['-c', 'import moto.server, moto.sts.models, moto.kms.models']);
  writeFileSync(STAMP, WANTED); // last: what was cut off is made anew
}

if (!isMade()) {
  try {
    mkdirSync(RUNTIME, { recursive: true });
    await withLock({
      file: join(RUNTIME, 'moto.lock'),
      onWait: (holder) => say(`waiting for process ${holder}, which is installing moto`),
      work: async () => {
        if (!isMade()) await step('installing moto', make);
      },
    });
  } catch (error) {
    // No failure: whoever has no Python still runs all other tests.
    rmSync(HOME, { recursive: true, force: true });
    say(`moto could not be installed: ${error instanceof Error ? error.message : error}`);
    say('THE TESTS AGAINST A STAND-IN FOR AWS WILL BE SKIPPED. They need python3 from 3.10 on with venv, and PyPI.');
  }
}
