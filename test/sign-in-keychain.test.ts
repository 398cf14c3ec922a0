import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Me } from '@guichet/contract';
import { afterAll, beforeAll, beforeEach, expect, type TestContext, test } from 'vitest';
import { type CommandLine, commandLine, withBrowser } from './support/command-line.ts';
import { type SecretService, startSecretService } from './support/secret-service.ts';
import { account, asks, type SignInWorld, signInWorld } from './support/sign-in.ts';

/** A sign-in in the keychain of a desktop, with the keychain's own program; what is done when it fails is tried in cli/test. */
let keychain: SecretService;
let world: SignInWorld;
let cli: CommandLine;

beforeAll(async () => {
  keychain = await startSecretService();
  if ('missing' in keychain) return void process.stderr.write(`There is no keychain here: ${keychain.missing}\n`);
  world = await signInWorld({ accounts: [account('nadia')] });
  cli = await commandLine();
});
afterAll(async () => {
  if ('missing' in keychain) return;
  await cli.close();
  await world.close();
  await keychain.close();
});
beforeEach((test: TestContext) => {
  if ('missing' in keychain) test.skip(`There is no keychain here: ${keychain.missing}`);
});

test('a sign-in is kept in the keychain of the system, encrypted, and in no file of ours', async () => {
  if ('missing' in keychain) return;
  const login = await cli.run(['login', '--browser', '--url', world.gateway.app.url], {
    ...keychain.env,
    ...withBrowser(asks('nadia')),
  });
  expect(login, login.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('Kept in the keychain of this system') });
  expect(existsSync(join(cli.folder, 'config.credentials', 'nadia.json'))).toBe(false);
  expect(await readFile(cli.config, 'utf8')).not.toContain('gct_');
  expect((await keychain.kept()).includes('gct_')).toBe(false);

  const me = await cli.json<Me & { keptIn: string }>(['whoami'], keychain.env);
  expect(me).toMatchObject({ principal: { id: 'user:nadia' }, keptIn: 'keychain', session: { kind: 'cli' } });
  // Without the keychain nobody is signed in: nothing was kept elsewhere.
  const without = await cli.run(['whoami']);
  expect(without.code, without.stderr).toBe(78);

  expect(await cli.run(['logout'], keychain.env)).toMatchObject({ code: 0 });
  expect(await cli.run(['whoami'], keychain.env)).toMatchObject({ code: 3 });
});
