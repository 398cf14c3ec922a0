import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { readSettings, type Setting } from '../contents/settings.ts';
import { refusing } from '../instance-error.ts';
import { nearest } from '../nearest.ts';
import { counted } from '../words.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import type { Workplace } from './workplace.ts';

const Input = z.strictObject({
  instance: InstanceName,
  like: z.string().min(1).max(100).optional().describe('Only settings whose name or description contains this; of all of them'),
  all: z.boolean().default(false).describe('Those too that are as they come'),
});

export function settingsAction(workplace: Workplace): ProviderAction {
  return action('settings', {
    title: 'Show the settings',
    description:
      'Settings of an instance that differ from the default, where each is from, and whether it takes a restart. Those that hold passwords or commands are named, never shown.',
    kind: 'read',
    risk: 'safe',
    input: Input,
    output: 'table',
    timeoutSeconds: 30,
    examples: [
      { title: 'See what was set', input: { instance: 'pg1' } },
      { title: 'See all about autovacuum', input: { instance: 'pg1', like: 'autovacuum' } },
    ],
    options: { instance: instanceOptions(workplace) },
    run: ({ input, environment }) =>
      refusing(async () => {
        const instance = await workplace.estate.find(environment, input.instance);
        const settings = await readSettings(instance);
        const found = settings.filter((setting) => isWanted(setting, input));
        return {
          kind: 'table',
          columns: [
            { key: 'name', title: 'Name', type: 'code' },
            { key: 'value', title: 'Value', type: 'code' },
            { key: 'default', title: 'Default', type: 'code' },
            { key: 'source', title: 'From' },
            { key: 'pendingRestart', title: 'Pending', type: 'boolean' },
            { key: 'needsRestart', title: 'Restart', type: 'boolean', wide: true },
            { key: 'unit', title: 'Unit', wide: true },
            { key: 'description', title: 'What it is', wide: true },
          ],
          rows: found.map(({ secret, differs: _, value, default: usual, ...setting }) => ({
            ...setting,
            value: secret ? '(not shown)' : visible(value),
            default: secret ? null : visible(usual),
          })),
          notes: notesOf(found),
          empty: emptyText(settings, input),
        };
      }),
  });
}

/** An empty text would look like nothing at all. */
function visible(value: string | null): string | null {
  return value === '' ? "''" : value;
}

function isWanted({ name, description, differs, pendingRestart }: Setting, { like, all }: z.output<typeof Input>): boolean {
  const word = like?.toLowerCase();
  if (word !== undefined) return name.toLowerCase().includes(word) || description.toLowerCase().includes(word);
  return all || differs || pendingRestart;
}

function notesOf(settings: readonly Setting[]): string[] {
  const pending = settings.filter(({ pendingRestart }) => pendingRestart).map(({ name }) => name);
  const secret = settings.filter((setting) => setting.secret).length;
  return [
    ...(pending.length === 0 ? [] : [`Changed in the file and waiting for a restart: ${pending.join(', ')}.`]),
    ...(secret === 0 ? [] : [`${counted(secret, 'setting')} may hold a password or a command: not shown.`]),
  ];
}

function emptyText(settings: readonly Setting[], { like }: z.output<typeof Input>): string {
  if (like === undefined) return 'Every setting is as it comes.';
  const meant = nearest(
    like,
    settings.map(({ name }) => name),
  );
  return `No setting is called like '${like}'.${meant === undefined ? '' : ` Did you mean '${meant}'?`}`;
}
