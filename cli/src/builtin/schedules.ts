import { EXIT, type Firing, GuichetError, type Schedule, type ScheduleShown, type TableOutput } from '@guichet/contract';
import { Option } from 'commander';
import { oneOf } from '../command.ts';
import { namingFlags } from '../name-flags.ts';
import { formatCell } from '../output/cell.ts';
import { clean } from '../output/clean.ts';
import { drawTable } from '../output/table.ts';
import type { Shell } from '../shell.ts';
import { readZone } from '../zoned-time.ts';
import { addExamples, type Given, type Leaf, textFlag } from './leaf.ts';

export const schedulesList: Leaf = {
  define(command) {
    addExamples(command, ['guichet schedules list', 'guichet schedules list -o json']);
  },
  async run(shell) {
    const client = await shell.client();
    const found = await client.call('schedules.list', { signal: shell.context.interrupt });
    await shell.show(found, () => drawTable(toTable(found.items), shell.canvas, { keep: ['name', 'cron', 'action'] }));
    return EXIT.ok;
  },
};

export const schedulesShow: Leaf = {
  define(command) {
    command.argument('<schedule>', 'Its name');
    addExamples(command, ['guichet schedules show nightly-reindex']);
  },
  async run(shell, { args: [schedule = ''] }) {
    const client = await shell.client();
    const shown = await client.call('schedules.show', { params: { schedule }, signal: shell.context.interrupt });
    await shell.show(shown, () => scheduleText(shown, shell));
    return EXIT.ok;
  },
};

const FLAGS = {
  '/name': 'NAME',
  '/cron': '--cron',
  '/timezone': '--timezone',
  '/action': '--action',
  '/environment': '--env',
  '/input': '--input',
  '/reason': '--reason',
} as const;

export const schedulesCreate: Leaf = {
  define(command) {
    command
      .argument('<schedule>', 'A name: lower-case words joined by hyphens')
      .option('--cron <expression>', 'When: minute, hour, day, month, weekday, such as "0 3 * * 1-5" (required)')
      .option('--timezone <zone>', 'The zone that it is meant in (default: that of this machine)')
      .option('--action <id>', 'What: the id of a write (required)')
      .option('-e, --env <environment>', 'Where (required)')
      .option('-i, --input <json>', 'Its input, as JSON, or @FILE', '{}')
      .option('-r, --reason <text>', 'Why; whoever approves reads it each time (required)')
      .addOption(
        new Option('--missed <what>', 'Of times at which no gateway ran: skip them (the default), or make up for them once')
          .argParser(oneOf('--missed', ['skip', 'once']))
          .default('skip'),
      );
    addExamples(command, [
      `guichet schedules create nightly-reindex --cron "0 3 * * *" --timezone Europe/Paris --action orders.reindex --env staging --input '{"seconds":300}' --reason "keeps it fast"`,
    ]);
  },
  async run(shell, { args: [name = ''], flags }) {
    const { cron, action, env: environment, reason } = required(flags, ['cron', 'action', 'env', 'reason']);
    const client = await shell.client();
    const body = {
      name,
      cron,
      timezone: readZone('--timezone', textFlag(flags, 'timezone')),
      action,
      environment,
      input: await readInput(textFlag(flags, 'input') ?? '{}'),
      reason,
      missed: flags['missed'] === 'once' ? ('once' as const) : ('skip' as const),
    };
    const made = await namingFlags(client.call('schedules.create', { body, signal: shell.context.interrupt }), {
      flags: FLAGS,
      help: 'guichet schedules create',
    });
    await shell.show(made, () => scheduleText(made, shell));
    return EXIT.ok;
  },
};

export const schedulesPause: Leaf = {
  define(command) {
    command.argument('<schedule>', 'Its name').option('--comment <text>', 'Why');
    addExamples(command, ['guichet schedules pause nightly-reindex --comment "during the migration"']);
  },
  async run(shell, { args: [schedule = ''], flags }) {
    const client = await shell.client();
    const body = { comment: textFlag(flags, 'comment') ?? '' };
    const paused = await client.call('schedules.pause', { params: { schedule }, body, signal: shell.context.interrupt });
    await shell.show(paused, () => `Paused ${paused.name}: it files nothing until guichet schedules resume ${paused.name}.`);
    return EXIT.ok;
  },
};

export const schedulesResume: Leaf = {
  define(command) {
    command.argument('<schedule>', 'Its name');
    addExamples(command, ['guichet schedules resume nightly-reindex']);
  },
  async run(shell, { args: [schedule = ''] }) {
    const client = await shell.client();
    const signal = shell.context.interrupt;
    const before = await client.call('schedules.show', { params: { schedule }, signal });
    const resumed = await client.call('schedules.resume', { params: { schedule }, body: {}, signal });
    const { id, name } = resumed.owner;
    const taken =
      id === before.owner.id
        ? ''
        : ` ${clean(before.owner.name)}, whose it was, is gone: it files as ${clean(name)} from now on.`;
    await shell.show(
      resumed,
      () => `Resumed ${resumed.name}: it is due next ${timeOf(resumed.nextAt, shell, resumed.timezone)}.${taken}`,
    );
    return EXIT.ok;
  },
};

export const schedulesDelete: Leaf = {
  define(command) {
    command.argument('<schedule>', 'Its name');
    addExamples(command, ['guichet schedules delete nightly-reindex']);
  },
  async run(shell, { args: [schedule = ''] }) {
    const client = await shell.client();
    const deleted = await client.call('schedules.delete', { params: { schedule }, signal: shell.context.interrupt });
    await shell.show(deleted, () => `Deleted ${deleted.name}: it files nothing any more. What it has filed stays.`);
    return EXIT.ok;
  },
};

type Required = 'cron' | 'action' | 'env' | 'reason';

function required(flags: Given['flags'], names: readonly Required[]): Record<Required, string> {
  const missing = names.filter((name) => textFlag(flags, name) === undefined);
  if (missing.length > 0)
    throw new GuichetError('usage.invalid', `Missing: ${missing.map((name) => `--${name}`).join(', ')}.`, {
      remedy: 'guichet schedules create --help shows an example.',
    });
  // All of the names are there, and each has a text.
  return Object.fromEntries(names.map((name) => [name, textFlag(flags, name) ?? ''])) as Record<Required, string>;
}

async function readInput(text: string): Promise<Record<string, unknown>> {
  const wrong = (why: string): GuichetError =>
    new GuichetError('usage.invalid', `--input ${why}.`, { remedy: `Write it like '{"instance":"pg1"}', or @input.json.` });
  let source = text;
  if (text.startsWith('@')) {
    const { readFile } = await import('node:fs/promises');
    source = await readFile(text.slice(1), 'utf8').catch(() => {
      throw wrong(`cannot be read from ${text.slice(1)}`);
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    throw wrong('is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('is no JSON object');
  return { ...value };
}

function toTable(items: readonly Schedule[]): TableOutput {
  return {
    kind: 'table',
    columns: [
      { key: 'name', title: 'Name', type: 'text', wide: false },
      { key: 'state', title: 'State', type: 'state', wide: false },
      { key: 'next', title: 'Next', type: 'timestamp', wide: false },
      { key: 'cron', title: 'Cron', type: 'code', wide: false },
      { key: 'timezone', title: 'Zone', type: 'text', wide: true },
      { key: 'environment', title: 'Env', type: 'text', wide: false },
      { key: 'action', title: 'Action', type: 'text', wide: false },
      { key: 'owner', title: 'Owner', type: 'text', wide: false },
      { key: 'reason', title: 'Reason', type: 'text', wide: true },
    ],
    rows: items.map(({ owner, nextAt, ...item }) => ({
      name: item.name,
      state: item.state,
      next: nextAt,
      cron: item.cron,
      timezone: item.timezone,
      environment: item.environment,
      action: item.action,
      owner: owner.name,
      reason: item.reason,
    })),
    empty: 'There are no schedules. guichet schedules create --help shows how to make one.',
  };
}

/** In the zone of the schedule, and in that of whoever reads it where it is another. */
function timeOf(at: string | null, { canvas }: Shell, timeZone: string): string {
  if (at === null) return 'never';
  const own = formatCell(at, 'timestamp', canvas).text;
  const there = clockIn(at, timeZone);
  return there === clockIn(at) ? own : `${there} in ${clean(timeZone)}, ${own} here`;
}

/** `2026-12-01 06:00`, on this machine when no zone is named. */
const clockIn = (at: string, timeZone?: string): string =>
  new Date(at).toLocaleString('sv-SE', { dateStyle: 'short', timeStyle: 'short', ...(timeZone !== undefined && { timeZone }) });

function scheduleText(schedule: ScheduleShown, shell: Shell): string {
  const { paint } = shell.canvas;
  const field = (title: string, text: string): string => `  ${paint.dim(title.padEnd(9))}  ${text}`;
  const state = formatCell(schedule.state, 'state', shell.canvas);
  const lines = [
    `${paint.bold(schedule.name)} · ${state.tint?.(state.text) ?? state.text}`,
    field('When', `${clean(schedule.cron)} in ${clean(schedule.timezone)}`),
    field('What', `${clean(schedule.action)} in ${clean(schedule.environment)}`),
    ...Object.entries(schedule.input).map(([name, value], index) =>
      field(index === 0 ? 'Input' : '', `${clean(name)} = ${clean(typeof value === 'string' ? value : JSON.stringify(value))}`),
    ),
    field('Owner', clean(schedule.owner.name)),
    field('Reason', clean(schedule.reason)),
    field('Missed', schedule.missed === 'once' ? 'made up for once, and told' : 'skipped, and told'),
  ];
  if (schedule.pausedReason !== null) lines.push(field('Paused', paint.yellow(clean(schedule.pausedReason))));
  if (schedule.upcoming.length > 0)
    lines.push(field('Next', schedule.upcoming.map((at) => timeOf(at, shell, schedule.timezone)).join('\n             ')));
  lines.push(
    ...schedule.firings.map((firing, index) => field(index === 0 ? 'Last' : '', firingText(firing, shell, schedule.timezone))),
  );
  if (schedule.allowed.length > 0)
    lines.push(
      paint.dim(`You can: ${schedule.allowed.map((command) => `guichet schedules ${command} ${schedule.name}`).join(' · ')}`),
    );
  return lines.join('\n');
}

function firingText({ at, outcome, count, request, message }: Firing, shell: Shell, timeZone: string): string {
  const { paint } = shell.canvas;
  const what =
    outcome === 'filed' ? paint.green(`filed ${request ?? ''}`) : outcome === 'filing' ? 'is being filed' : paint.red(outcome);
  const times = count > 1 ? ` ${count} times, the last at ${timeOf(at, shell, timeZone)}` : ` ${timeOf(at, shell, timeZone)}`;
  return `${what}${times}${message === null ? '' : `: ${clean(message)}`}`;
}
