import { readFileSync } from 'node:fs';
import type { InstanceSettings } from '../config.ts';
import type { InstanceSource } from '../inventory/source.ts';
import type { ReplicasSettings } from './config.ts';
import { ReplicaFolder } from './replica-folder.ts';

/** What `InstanceSettings.source` of a replica that we made says. */
export const MADE_HERE = 'read replicas of this provider';

interface Known {
  /** What is known now of an instance, without asking anybody. */
  readonly settingsOf: (environment: string, name: string) => InstanceSettings | undefined;
  /** What is wrong with which replica. */
  readonly problems: () => readonly string[];
}

/** The replicas that can be used, with the logins of their sources: roles are replicated. */
export function madeHere(settings: ReplicasSettings, { settingsOf, problems }: Known): InstanceSource {
  const folder = new ReplicaFolder(settings.folder);
  return {
    label: MADE_HERE,
    refreshSeconds: 0, // a small folder, which other processes write to as well
    async list() {
      const { records } = await folder.list();
      const instances: InstanceSettings[] = [];
      for (const { name, environment, source, port, state } of records) {
        const from = settingsOf(environment, source);
        if (state !== 'ready' || from === undefined) continue;
        const { owner, databases, observer, actor, admin, reader } = from;
        instances.push({
          kind: 'plain',
          source: MADE_HERE,
          replicaOf: source,
          name,
          environment,
          owner,
          host: settings.host,
          port,
          databases,
          tls: replicaTls(settings),
          poolers: [],
          observer,
          actor,
          admin,
          reader,
        });
      }
      return { instances, notes: [...problems()] };
    },
  };
}

/** How the provider itself connects to a replica. The authority is read again, for certificates run out. */
function replicaTls({ tls }: ReplicasSettings): InstanceSettings['tls'] {
  if (tls === undefined) return false;
  return tls.caFile === undefined ? true : { ca: readFileSync(tls.caFile, 'utf8') };
}
