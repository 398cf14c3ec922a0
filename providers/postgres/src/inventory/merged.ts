import type { InstanceSettings } from '../config.ts';

interface Merged {
  readonly instances: readonly InstanceSettings[];
  readonly duplicates: readonly { readonly environment: string; readonly note: string }[];
}

/**
 * One list of all. Of two of one name in one environment the first counts: the configuration, then the sources in their order.
 * Where both are the same server (same address), the first is given what AWS knows of it, and there is nothing to tell.
 */
export function merged(configured: readonly InstanceSettings[], found: readonly (readonly InstanceSettings[])[]): Merged {
  const byName = new Map<string, InstanceSettings>();
  const duplicates: Merged['duplicates'][number][] = [];
  for (const settings of [configured, ...found].flat()) {
    const { name, environment, source } = settings;
    const key = `${environment}/${name}`;
    const first = byName.get(key);
    if (first === undefined) byName.set(key, settings);
    else if (isSameServer(first, settings)) byName.set(key, withFacts(first, settings));
    else {
      const note = `'${name}' of ${source} is left out: ${first.source} has another instance of that name in '${environment}'.`;
      duplicates.push({ environment, note });
    }
  }
  return { instances: [...byName.values()], duplicates };
}

function isSameServer(one: InstanceSettings, other: InstanceSettings): boolean {
  return one.host.toLowerCase() === other.host.toLowerCase() && one.port === other.port;
}

function withFacts(first: InstanceSettings, { kind, rds }: InstanceSettings): InstanceSettings {
  return rds === undefined || first.rds !== undefined ? first : { ...first, kind, rds };
}
