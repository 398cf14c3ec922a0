import { type Application, type Environment, EXIT, type RecordOutput, type TableOutput } from '@guichet/contract';
import type { Canvas } from '../output/canvas.ts';
import { clean } from '../output/clean.ts';
import { drawOutput } from '../output/draw.ts';
import { drawTable } from '../output/table.ts';
import { addExamples, type Leaf, textFlag } from './leaf.ts';

export const environmentsList: Leaf = {
  define(command) {
    addExamples(command, ['guichet environments list', 'guichet environments list -o json']);
  },
  async run(shell) {
    const client = await shell.client();
    const found = await client.call('environments.list', { signal: shell.context.interrupt });
    const table: TableOutput = {
      kind: 'table',
      columns: [
        { key: 'name', title: 'Environment', type: 'text', wide: false },
        { key: 'owner', title: 'Owner', type: 'text', wide: false },
        { key: 'created', title: 'Created', type: 'text', wide: false },
        { key: 'services', title: 'Services', type: 'number', wide: false },
        { key: 'description', title: 'What it is', type: 'text', wide: false },
      ],
      rows: found.items.map(({ name, owner, created, services, description, title }) => ({
        name,
        owner,
        created,
        services,
        description: description ?? title,
      })),
      empty: 'The gateway has no environment.',
    };
    await shell.show(found, () => drawTable(table, shell.canvas));
    return EXIT.ok;
  },
};

export const environmentsShow: Leaf = {
  define(command) {
    command
      .argument('<environment>', 'Its name, such as production')
      .option('--team <team>', 'Only applications that this team owns');
    addExamples(command, [
      'guichet environments show production',
      'guichet environments show production --team payments',
      'guichet environments show production -o wide',
    ]);
  },
  async run(shell, { args: [environment = ''], flags }) {
    const team = textFlag(flags, 'team')?.replace(/^team:/, '');
    const client = await shell.client();
    const found = await client.call('environments.show', {
      params: { environment },
      query: team === undefined ? {} : { team },
      signal: shell.context.interrupt,
    });
    const ofTeam = team === undefined ? '' : ` of team '${team}'`;
    await shell.show(found, () => environmentPage(found, { ofTeam, canvas: shell.canvas }));
    return EXIT.ok;
  },
};

function environmentPage(found: Environment, { ofTeam, canvas }: { ofTeam: string; canvas: Canvas }): string {
  const { name, title, description, owner, created, links, configure, applications } = found;
  const record: RecordOutput = {
    kind: 'record',
    summary: title === null ? `Environment '${name}'` : `${title} (environment '${name}')`,
    fields: [
      { key: 'description', title: 'What it is', type: 'text', value: description },
      { key: 'owner', title: 'Owner', type: 'text', value: owner },
      { key: 'created', title: 'Created', type: 'text', value: created },
      ...links.map((link, index) => ({ key: `link${index}`, title: link.title, type: 'text' as const, value: link.url })),
    ],
  };
  // Each command on a line of its own, with nothing before it: it is there to be copied.
  const commands = configure.map((one) => `${canvas.paint.bold(clean(one.title))}\n${clean(one.command)}`);
  return [drawOutput(record, canvas), ...commands, drawTable(applicationTable(applications, ofTeam), canvas)].join('\n\n');
}

function applicationTable(applications: readonly Application[], ofTeam: string): TableOutput {
  return {
    kind: 'table',
    columns: [
      { key: 'service', title: 'Application', type: 'text', wide: false },
      { key: 'team', title: 'Owner', type: 'text', wide: false },
      { key: 'version', title: 'Version', type: 'text', wide: false },
      { key: 'state', title: 'Deployment', type: 'state', wide: false },
      { key: 'reason', title: 'Why', type: 'text', wide: false },
      { key: 'deployed', title: 'Deployed', type: 'timestamp', wide: true },
      { key: 'links', title: 'Links', type: 'text', wide: true },
    ],
    rows: applications.map(({ service, team, deployment, links }) => ({
      service,
      team,
      version: deployment.version,
      state: deployment.state,
      reason: deployment.reason,
      deployed: deployment.at,
      links: links.map(({ title, url }) => `${title}: ${url}`).join('  ') || null,
    })),
    empty: `No application${ofTeam} runs there.`,
  };
}
