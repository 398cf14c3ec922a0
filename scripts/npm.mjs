import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PROJECT } from './runtime.mjs';
import { runToEnd, SetupError } from './steps.mjs';

/** Settings of the outer npm that say how to reach a registry; the rest is about the command that the user gave it. */
const KEPT =
  /^npm_config_(registry|cache|userconfig|globalconfig|proxy|https_proxy|noproxy|ca|cafile|strict_ssl|(prefer_)?offline|fetch_.*|\/\/.*|@.*)$/i;

const NO_NETWORK =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT)\b/;

/**
 * The environment for an npm inside npm: it must not believe that it is the outer one.
 *
 * @param {string} node the Node that it, and all scripts it runs, must use
 */
export function innerEnvironment(node) {
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) || KEPT.test(name));
  return {
    ...Object.fromEntries(kept),
    PATH: `${dirname(node)}:${process.env['PATH'] ?? ''}`,
    npm_config_update_notifier: 'false',
  };
}

/** The npm that started us, else the one beside this Node, else the one on the PATH. */
function npmProgram() {
  const candidates = [process.env['npm_execpath'], join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js')];
  return candidates.find((file) => file !== undefined && /npm-cli\.[cm]?js$/.test(file) && existsSync(file));
}

/**
 * Runs the user's npm on the given Node, in the project. Gives its standard output.
 *
 * @param {string} node
 * @param {string[]} args
 * @returns {Promise<string>}
 */
export async function npm(node, args) {
  const program = npmProgram();
  const [command, first] = program === undefined ? ['npm', []] : [node, [program]];
  const result = await runToEnd(command, [...first, ...args], { cwd: PROJECT, env: innerEnvironment(node) });
  if (result.code === 0) return result.stdout;
  throw npmFailed(args, `${result.stderr}\n${result.stdout}`.trim());
}

/** @param {string[]} args @param {string} said */
function npmFailed(args, said) {
  const title = `npm ${args[0]} failed`;
  // Its first lines say what is wrong; stack traces and the list of all options follow.
  const lines = said
    .split('\n')
    .filter(
      (line) =>
        !/A complete log of this run|npm warn|^npm error\s+(at |(code|errno|syscall|address|port|type): |\}$)|^(npm error)?\s*$/.test(
          line,
        ),
    );
  const shown = lines.slice(0, 8).join('\n');
  if (NO_NETWORK.test(said)) {
    const registry =
      "Check the network, and npm's settings `registry` and `https-proxy` (npm config get registry); then run it again.";
    return new SetupError(`${title}: the npm registry cannot be reached.\n${shown}`, registry);
  }
  if (/\bENOSPC\b/.test(said)) return new SetupError(`${title}: the disk is full.`, 'Make room, then run it again.');
  if (/\b(EACCES|EPERM)\b/.test(said)) {
    return new SetupError(
      `${title}: files of the project, or of npm's cache, belong to another user.\n${shown}`,
      `Give them back (sudo chown -R "$(id -un)" '${PROJECT}'), then run it again.`,
    );
  }
  return new SetupError(`${title}:\n${shown}`, 'Mend what it says above, then run it again.');
}
