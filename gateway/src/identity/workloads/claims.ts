import { matches } from '../assertions/glob.ts';
import { oneLine } from '../assertions/plain-text.ts';
import type { WorkloadRule } from './config.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** Longer values of claims match nothing. */
const LONGEST_VALUE = 1000;

/** A claim by its name, or, when that begins with a slash, by its place: `/kubernetes.io/namespace`. */
export function claimAt(claims: Claims, name: string): unknown {
  if (!name.startsWith('/')) return Object.hasOwn(claims, name) ? claims[name] : undefined;
  const parts = name.slice(1).split('/');
  return parts.map(unescaped).reduce<unknown>((value, part) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, part)) return undefined;
    return Object.entries(value).find(([key]) => key === part)?.[1];
  }, claims);
}

/** As in RFC 6901. */
const unescaped = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');

/** The claims of which the rule asks something else; none when it fits. */
export function unfitting({ claims: conditions }: WorkloadRule, claims: Claims): string[] {
  return Object.entries(conditions)
    .filter(([name, patterns]) => !textsOf(claimAt(claims, name)).some((text) => patterns.some((one) => matches(one, text))))
    .map(([name]) => name);
}

/** What a claim says, as texts: each entry of a list; nothing for an object, and for what is not there. */
function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap((entry: unknown) => (Array.isArray(entry) ? [] : textsOf(entry)));
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return [];
  const text = String(value);
  return text.length > LONGEST_VALUE ? [] : [text];
}

/** The job in a few words, as people know it on its platform; the subject where nothing better is known. */
export function jobInWords(claims: Claims): string {
  const [project, pipeline] = [claims['project_path'], claims['pipeline_id']]; // GitLab
  if (typeof project === 'string' && pipeline !== undefined) return oneLine(`${project} !${String(pipeline)}`);
  const [repository, run] = [claims['repository'], claims['run_id']]; // GitHub
  if (typeof repository === 'string' && run !== undefined) return oneLine(`${repository} !${String(run)}`);
  return oneLine(claims['sub']);
}
