/**
 * `node scripts/run.mjs FILE [ARGUMENT...]` runs FILE with the Node of the project, and takes it down with itself:
 * on Ctrl-C, on `kill` of itself or of the npm that started it, and when it is killed with SIGKILL.
 */
import { startTree } from './process-tree.mjs';
import { PROJECT, projectNode } from './runtime.mjs';

/** How long the program may take to stop by itself. */
const GRACE_MS = 20_000;
/** One Ctrl-C arrives twice, from the terminal and from npm: an echo is not a second wish. */
const ECHO_MS = 500;

const [file, ...args] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('usage: node scripts/run.mjs FILE [ARGUMENT...]\n');
  process.exit(2);
}

// The flag keeps V8 before 13.6 from crashing in WebAssembly under load; it costs nothing where it is not needed.
const tree = startTree(projectNode(), ['--no-turbo-inline-js-wasm-calls', file, ...args], { cwd: PROJECT });

let last = { signal: '', at: 0 };
/** @param {NodeJS.Signals} signal */
function pass(signal) {
  const now = Date.now();
  if (last.signal === signal && now - last.at < ECHO_MS) return;
  last = { signal, at: now };
  tree.signal(signal);
  setTimeout(() => tree.signal('SIGKILL'), GRACE_MS).unref();
}
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => pass(signal));

// npm killed with SIGKILL cannot pass it on: then somebody else is our parent. Without npm that is no reason to stop
// (nohup, disown).
if (process.env['npm_lifecycle_event'] !== undefined) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    pass('SIGTERM');
  }, 500);
  watch.unref();
}

process.exitCode = await tree.ended;
