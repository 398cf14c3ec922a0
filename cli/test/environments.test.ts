import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import { type Environment, EXIT, GuichetError } from '@guichet/contract';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { baseHandlers } from './support/catalogue.ts';
import { type Home, makeHome } from './support/run-cli.ts';

const PRODUCTION: Environment = {
  name: 'production',
  title: 'Production',
  description: 'Where customers are',
  owner: 'platform',
  created: '2021-03-04',
  services: 2,
  configure: [{ title: 'Configure kubectl', command: 'aws eks update-kubeconfig --name production' }],
  links: [{ title: 'Handbook', url: 'https://wiki.example.com/production' }],
  applications: [
    {
      service: 'orders',
      title: 'Orders',
      team: 'payments',
      links: [{ title: 'Logs', url: 'https://logs.example.com/orders', kind: 'logs' }],
      deployment: { state: 'blocked', reason: 'A freeze until Monday', version: 'v1.4.1', at: null, source: 'delivery' },
    },
  ],
};

let server: RouteServer;
let home: Home;
beforeEach(async () => {
  server = await serveRoutes({
    ...baseHandlers(),
    'environments.list': () => ({ items: [PRODUCTION] }),
    'environments.show': () => PRODUCTION,
  });
  home = makeHome(server.url);
});
afterEach(async () => {
  home[Symbol.dispose]();
  await server.close();
});

it('lists environments', async () => {
  const { stdout } = await home.run(['environments', 'list']);
  expect(stdout).toMatch(/^production +platform +2021-03-04 +2 +Where customers are$/m);
});

it('shows how to reach one, each command on a line of its own, and what runs there', async () => {
  const { stdout } = await home.run(['environments', 'show', 'production']);
  expect(stdout).toMatch(/^Production \(environment 'production'\)\n/);
  expect(stdout).toMatch(/Handbook +https:\/\/wiki\.example\.com\/production/);
  expect(stdout).toContain('\n\nConfigure kubectl\naws eks update-kubeconfig --name production\n\n');
  expect(stdout).toMatch(/^orders +payments +v1\.4\.1 +blocked +A freeze until Monday$/m);
  expect(stdout).not.toContain('logs.example.com');
  const wide = (await home.run(['environments', 'show', 'production', '-o', 'wide'])).stdout;
  expect(wide).toContain('Logs: https://logs.example.com/orders');
  expect(JSON.parse((await home.run(['environments', 'show', 'production', '-o', 'json'])).stdout)).toEqual(PRODUCTION);
});

it('narrows to the applications of a team, and says so when it has none there', async () => {
  const queries: unknown[] = [];
  server.handlers['environments.show'] = ({ query }) => {
    queries.push(query);
    return { ...PRODUCTION, applications: [] };
  };
  const { stdout } = await home.run(['environments', 'show', 'production', '--team', 'team:payments']);
  expect(queries).toEqual([{ team: 'payments' }]);
  expect(stdout).toMatch(/\n\nNo application of team 'payments' runs there\.\n$/);
});

it('lets nothing that a file says take over the terminal', async () => {
  const configure = [{ title: 'Configure\u001b[2J', command: 'kubectl config use production\u001b]0;x\u0007\nrm -rf /' }];
  server.handlers['environments.show'] = () => ({ ...PRODUCTION, configure });
  const { stdout } = await home.run(['environments', 'show', 'production']);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
  expect(stdout).not.toMatch(/^rm -rf/m);
});

it('completes their names, and says of one that is not there which is meant', async () => {
  expect((await home.run(['__complete', 'environments', 'show', ''])).stdout).toBe('production\tProduction\n');
  expect((await home.run(['__complete', 'environments', 'show', 'production', '--team', ''])).exit).toBe(EXIT.ok);
  server.handlers['environments.show'] = () => {
    throw new GuichetError('environment.unknown', "There is no environment 'prod'.", { remedy: 'Did you mean production?' });
  };
  const { exit, stderr } = await home.run(['environments', 'show', 'prod']);
  expect(exit).toBe(EXIT.notFound);
  expect(stderr).toContain('→ Did you mean production?');
});
