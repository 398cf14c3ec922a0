import { EXIT, GuichetError, type TableOutput } from '@guichet/contract';
import { type ConfigFile, changeConfig, configPath, type Profile, readConfig } from '../config/config-file.ts';
import { drawTable } from '../output/table.ts';
import { didYouMean } from '../suggest.ts';
import { addExamples, type Leaf } from './leaf.ts';

export const profiles: Leaf = {
  define(command) {
    addExamples(command, ['guichet profiles', 'guichet use nadia']);
  },
  async run(shell) {
    const config = readConfig(configPath(shell.context));
    const items = Object.entries(config.profiles).map(([name, { gateway, principal, token, keeper }]) => ({
      name,
      current: name === config.current,
      gateway,
      principal: principal ?? null,
      signedIn: token !== undefined || keeper !== undefined,
      keptIn: keeper ?? (token === undefined ? null : 'file'),
    }));
    const table: TableOutput = {
      kind: 'table',
      columns: [
        { key: 'mark', title: '', type: 'text', wide: false },
        { key: 'name', title: 'Profile', type: 'text', wide: false },
        { key: 'gateway', title: 'Gateway', type: 'text', wide: false },
        { key: 'principal', title: 'As', type: 'text', wide: false },
        { key: 'signedIn', title: 'Signed in', type: 'boolean', wide: false },
        { key: 'keptIn', title: 'Kept in', type: 'text', wide: true },
      ],
      rows: items.map((item) => ({ ...item, mark: item.current ? '*' : '' })),
      empty: 'No profiles. guichet login --url URL makes one.',
    };
    await shell.show({ items }, () => drawTable(table, shell.canvas));
    return EXIT.ok;
  },
};

export const use: Leaf = {
  define(command) {
    command.argument('<profile>', 'One that guichet profiles lists');
    addExamples(command, ['guichet use nadia']);
  },
  async run(shell, { args: [name = ''] }) {
    const path = configPath(shell.context);
    const config = readConfig(path);
    const { gateway } = existingProfile(config, name);
    await changeConfig(path, (now) => ({ ...now, current: name }));
    shell.print(`Now '${name}' at ${gateway}.`);
    return EXIT.ok;
  },
};

/** The profile; `usage.invalid` when there is none of this name. */
export function existingProfile(config: ConfigFile, name: string): Profile {
  const profile = config.profiles[name];
  if (profile !== undefined) return profile;
  throw new GuichetError('usage.invalid', `There is no profile '${name}'.`, {
    remedy: didYouMean(name, Object.keys(config.profiles)) ?? 'guichet login makes one.',
  });
}
