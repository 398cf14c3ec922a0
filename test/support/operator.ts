import { execFile } from 'node:child_process';

const MAIN = new URL('../../gateway/src/main.ts', import.meta.url).pathname;

/** Runs a command of the gateway, as its operator does. */
export const operator = (
  config: string,
  parameters: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; text: string }> =>
  new Promise((resolve) => {
    const options = { env: { ...process.env, ...env } };
    execFile(process.execPath, [MAIN, '--config', config, ...parameters], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr }),
    );
  });
