import type { InstanceSettings } from '../config.ts';

interface Merged {
  readonly instances: readonly InstanceSettings[];
  readonly duplicates: readonly { readonly environment: string; readonly note: string }[];
}

/**
 * One list of all. Of two of one name in one environment the first counts: the configuration, then the sources in their order.
 * What AWS has found at the address of one that somebody has written down is that very instance, whatever it is called there:
 * it is given what AWS knows of it, and there is nothing to tell.
 */
export function merged(configured: readonly InstanceSettings[], found: readonly (readonly InstanceSettings[])[]): Merged {
  const byName = new Map<string, InstanceSettings>();
  const written = new Map<string, string>();
  const duplicates: Merged['duplicates'][number][] = [];
  for (const settings of [configured, ...found].flat()) {
    const { name, environment, source, rds } = settings;
    const key = `${environment}/${name}`;
    const address = `${settings.host.toLowerCase()}:${settings.port}`;
    const same = rds === undefined ? undefined : written.get(address);
    const known = same === undefined ? undefined : byName.get(same);
    const first = byName.get(key);
    if (same !== undefined && known !== undefined) {
      if (known.rds === undefined) byName.set(same, { ...known, kind: settings.kind, rds });
    } else if (first === undefined) {
      byName.set(key, settings);
      if (rds === undefined) written.set(address, key);
    } else {
      const note = `'${name}' of ${source} is left out: ${first.source} has another instance of that name in '${environment}'.`;
      duplicates.push({ environment, note });
    }
  }
  return { instances: [...byName.values()], duplicates };
}
