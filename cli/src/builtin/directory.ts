import {
  type CompanyInForce,
  EXIT,
  type Person,
  type RecordOutput,
  type Service,
  type TableOutput,
  type Team,
} from '@guichet/contract';
import type { Canvas } from '../output/canvas.ts';
import { formatCell } from '../output/cell.ts';
import { clean } from '../output/clean.ts';
import { drawOutput } from '../output/draw.ts';
import { drawTable } from '../output/table.ts';
import { shortDigest } from '../output/units.ts';
import { wrap } from '../output/width.ts';
import { counted } from '../policy/findings-text.ts';
import { addExamples, type Given, type Leaf, textFlag } from './leaf.ts';

type Columns = TableOutput['columns'];
const column = (key: string, title: string, wide = false): Columns[number] => ({ key, title, type: 'text', wide });
const listed = (names: readonly string[]): string | null => names.join(', ') || null;

export const peopleList: Leaf = {
  define(command) {
    command
      .argument('[search]', 'Only those whose names or addresses contain it')
      .option('--team <team>', 'Only those of this team');
    addExamples(command, ['guichet people list', 'guichet people list nadia', 'guichet people list --team payments -o json']);
  },
  async run(shell, given) {
    const client = await shell.client();
    const query = { ...searchOf(given), ...teamOf(given) };
    const found = await client.call('people.list', { query, signal: shell.context.interrupt });
    const table: TableOutput = {
      kind: 'table',
      columns: [
        column('name', 'Name'),
        column('fullName', 'Full name'),
        column('teams', 'Teams'),
        column('onCall', 'On call for'),
        column('manager', 'Reports to'),
        column('email', 'Email', true),
      ],
      rows: found.items.map(({ name, fullName, teams, onCall, manager, email }) => ({
        name,
        fullName,
        teams: listed(teams),
        onCall: listed(onCall),
        manager,
        email,
      })),
      empty: emptyOf(given, 'people'),
    };
    await shell.show(found, () => drawTable(table, shell.canvas));
    return EXIT.ok;
  },
};

export const peopleShow: Leaf = {
  define(command) {
    command.argument('<person>', 'Their name, such as nadia');
    addExamples(command, ['guichet people show nadia', 'guichet people show nadia -o json']);
  },
  async run(shell, { args: [person = ''] }) {
    const client = await shell.client();
    const params = { person: person.replace(/^user:/, '') };
    const found = await client.call('people.show', { params, signal: shell.context.interrupt });
    await shell.show(found, () => drawOutput(personRecord(found), shell.canvas));
    return EXIT.ok;
  },
};

export const teamsList: Leaf = {
  define(command) {
    command.argument('[search]', 'Only those whose names contain it');
    addExamples(command, ['guichet teams list', 'guichet teams list pay', 'guichet teams list -o json']);
  },
  async run(shell, given) {
    const client = await shell.client();
    const found = await client.call('teams.list', { query: searchOf(given), signal: shell.context.interrupt });
    const table: TableOutput = {
      kind: 'table',
      columns: [
        column('name', 'Team'),
        column('members', 'Members'),
        column('onCall', 'On call'),
        column('managers', 'Managers'),
        column('services', 'Services'),
        column('parent', 'Part of', true),
        column('machines', 'Machines', true),
      ],
      rows: found.items.map(({ name, members, onCall, managers, services, parent, machines }) => ({
        name,
        members: listed(members),
        onCall: listed(onCall),
        managers: listed(managers),
        services: listed(services),
        parent,
        machines: listed(machines),
      })),
      empty: emptyOf(given, 'teams'),
    };
    await shell.show(found, () => drawTable(table, shell.canvas));
    return EXIT.ok;
  },
};

export const teamsShow: Leaf = {
  define(command) {
    command.argument('<team>', 'Its name, such as payments');
    addExamples(command, ['guichet teams show payments', 'guichet teams show payments -o json']);
  },
  async run(shell, { args: [team = ''] }) {
    const client = await shell.client();
    const params = { team: team.replace(/^team:/, '') };
    const found = await client.call('teams.show', { params, signal: shell.context.interrupt });
    await shell.show(found, () => drawOutput(teamRecord(found), shell.canvas));
    return EXIT.ok;
  },
};

export const servicesList: Leaf = {
  define(command) {
    command.argument('[search]', 'Only those whose names contain it').option('--team <team>', 'Only those that this team owns');
    addExamples(command, [
      'guichet services list',
      'guichet services list --team payments',
      'guichet services list check -o json',
    ]);
  },
  async run(shell, given) {
    const client = await shell.client();
    const query = { ...searchOf(given), ...teamOf(given) };
    const found = await client.call('services.list', { query, signal: shell.context.interrupt });
    const table: TableOutput = {
      kind: 'table',
      columns: [
        column('name', 'Service'),
        column('team', 'Owner'),
        column('lifecycle', 'Lifecycle'),
        column('dependsOn', 'Needs'),
        column('system', 'Part of', true),
        column('description', 'What it is'),
      ],
      rows: found.items.map(({ name, team, lifecycle, system, dependsOn, description, title }) => ({
        name,
        team,
        lifecycle,
        system,
        dependsOn: listed(dependsOn),
        description: description ?? title,
      })),
      empty: emptyOf(given, 'services'),
    };
    await shell.show(found, () => drawTable(table, shell.canvas));
    return EXIT.ok;
  },
};

export const servicesShow: Leaf = {
  define(command) {
    command.argument('<service>', 'Its name, such as checkout');
    addExamples(command, ['guichet services show checkout', 'guichet services show checkout -o json']);
  },
  async run(shell, { args: [service = ''] }) {
    const client = await shell.client();
    const found = await client.call('services.show', { params: { service }, signal: shell.context.interrupt });
    await shell.show(found, () => drawOutput(serviceRecord(found), shell.canvas));
    return EXIT.ok;
  },
};

export const company: Leaf = {
  define(command) {
    addExamples(command, ['guichet company', 'guichet company -o json']);
  },
  async run(shell) {
    const client = await shell.client();
    const found = await client.call('company.show', { signal: shell.context.interrupt });
    await shell.show(found, () => standing(found, shell.canvas));
    return found.problem === null ? EXIT.ok : EXIT.usage;
  },
};

const field = (key: string, title: string, value: string | null) => ({ key, title, type: 'text', value }) as const;

function personRecord({
  fullName,
  name,
  email,
  teams,
  onCall,
  manages,
  manager,
  sameAs,
  listed: isListed,
}: Person): RecordOutput {
  const fields = [
    field('email', 'Email', email),
    field('teams', 'Teams', listed(teams)),
    field('onCall', 'On call for', listed(onCall)),
    field('manages', 'Manages', listed(manages)),
    field('manager', 'Reports to', manager),
    ...(sameAs === null ? [] : [field('sameAs', 'Same person as', sameAs)]),
    ...(isListed ? [] : [field('source', 'Known by', 'the identity provider alone')]),
  ];
  return { kind: 'record', summary: `${fullName} (user:${name})`, fields };
}

function teamRecord({ name, title, parent, members, managers, onCall, services, machines }: Team): RecordOutput {
  const fields = [
    field('members', 'Members', listed(members)),
    field('onCall', 'On call', listed(onCall)),
    field('managers', 'Managers', listed(managers)),
    field('parent', 'Part of', parent),
    field('services', 'Services', listed(services)),
    field('machines', 'Machines', listed(machines)),
  ];
  return { kind: 'record', summary: named('Team', name, title), fields };
}

function serviceRecord(service: Service): RecordOutput {
  const { name, title, description, team, lifecycle, system, dependsOn, neededBy, links } = service;
  const fields = [
    field('description', 'What it is', description),
    field('team', 'Owner', team),
    field('lifecycle', 'Lifecycle', lifecycle),
    field('system', 'Part of', system),
    field('dependsOn', 'Needs', listed(dependsOn)),
    field('neededBy', 'Needed by', listed(neededBy)),
    ...links.map(({ title: what, url }, index) => field(`link${index}`, what, url)),
  ];
  return { kind: 'record', summary: named('Service', name, title), fields };
}

const named = (kind: string, name: string, title: string | null): string =>
  title === null ? `${kind} '${name}'` : `${title} (${kind.toLowerCase()} '${name}')`;

/** What the gateway goes by, since when; and, when the files as they are now were refused, why. */
function standing({ people, teams, services, machines, digest, since, problem }: CompanyInForce, canvas: Canvas): string {
  const { paint } = canvas;
  const time = (at: string): string => formatCell(at, 'timestamp', canvas).text;
  const sum = `${people} ${people === 1 ? 'person' : 'people'}, ${counted(teams, 'team')}, ${counted(services, 'service')}, ${counted(machines, 'machine')}`;
  const line = wrap(`${sum} since ${time(since)} (${clean(shortDigest(digest))}).`, { width: canvas.width });
  if (problem === null) return line;
  const findings = problem.findings.flatMap(({ path, line: row, column: at, field: pointer, message, remedy }) => [
    wrap(clean(`${path}:${row}:${at} ${pointer} ${message}.`), { width: canvas.width, indent: 4 }),
    ...(remedy === undefined ? [] : [wrap(clean(`  → ${remedy}`), { width: canvas.width, indent: 4 })]),
  ]);
  const refused = `The files as they are now were refused, ${time(problem.at)}; the company above goes on.`;
  return [line, paint.red(wrap(refused, { width: canvas.width })), ...findings].join('\n');
}

function searchOf({ args: [search] }: Given): { search?: string } {
  return search === undefined ? {} : { search };
}

function teamOf({ flags }: Given): { team?: string } {
  const team = textFlag(flags, 'team');
  return team === undefined ? {} : { team: team.replace(/^team:/, '') };
}

function emptyOf({ args, flags }: Given, what: string): string {
  const isNarrowed = args.length > 0 || flags['team'] !== undefined;
  return isNarrowed ? `No ${what} fit. Without words and --team all are shown.` : `The company's files name no ${what}.`;
}
