import type { Action } from '@guichet/contract';
import { SECRET_MARKER } from '@guichet/contract';
import { fieldsOf, flagText, quote } from '@guichet/contract/command-line';
import type { Input } from '../../schema-form/value.ts';

/** A call as it stands in a form; secrets are marked. */
export interface SameCall {
  readonly action: Action;
  readonly environment: string;
  readonly shown: Input;
  readonly reason?: string | undefined;
  readonly lastsSeconds?: number | undefined;
  readonly startAt?: string | undefined;
}

/** The command that does the same: `guichet orders refund --order ord-1042 --env production --reason 'paid twice'`. */
export function commandLine({ action, environment, shown, reason, lastsSeconds, startAt }: SameCall): string {
  const fields = fieldsOf(action.input);
  const known = new Set(fields.map(({ name }) => name));
  const others = Object.keys(shown).filter((name) => !known.has(name));
  const words = [`guichet ${action.id.replaceAll('.', ' ')}`];
  // Flags have no way to say null, nor a field that the schema does not name: then all of it is given as a document.
  const needsDocument = others.length > 0 || Object.values(shown).includes(null);
  const secretNames = fields.filter(({ secret }) => secret).map(({ name }) => name);
  const plain = Object.fromEntries(Object.entries(shown).filter(([name]) => !secretNames.includes(name)));
  const flags = fields
    .map((field) => (needsDocument && !field.secret ? '' : flagText(field, filledIn(shown[field.name]))))
    .join('');
  if (needsDocument) words.unshift(`printf %s ${quote(JSON.stringify(plain))} |`);
  words.push(`${flags.trim()}${needsDocument ? ' --input -' : ''}`.trim(), `--env ${quote(environment)}`);
  if (action.kind === 'write') {
    if (reason !== undefined && reason !== '') words.push(`--reason ${quote(reason)}`);
    if (lastsSeconds !== undefined) words.push(`--for ${spanOf(lastsSeconds)}`);
    if (startAt !== undefined && startAt !== '') words.push(`--at ${startAt}`);
  }
  return words.filter((word) => word !== '').join(' ');
}

/** The call over HTTP that does the same, for a shell that has a token in GUICHET_TOKEN. */
export function curlCommand(call: SameCall, origin: string): string {
  const { action, environment, shown, reason, lastsSeconds, startAt } = call;
  const isRead = action.kind === 'read';
  const body = isRead
    ? { environment, input: shown }
    : {
        action: action.id,
        environment,
        input: shown,
        ...(reason !== undefined && reason !== '' && { reason }),
        ...(lastsSeconds !== undefined && { lastsSeconds }),
        ...(startAt !== undefined && startAt !== '' && { startAt }),
      };
  const path = isRead ? `/v1/actions/${action.id}/read` : '/v1/requests';
  const lines = [
    `curl ${quote(`${origin}${path}`)}`,
    '-H "Authorization: Bearer $GUICHET_TOKEN"',
    "-H 'Content-Type: application/json'",
    ...(isRead ? [] : ['-H "Idempotency-Key: $(uuidgen)"']),
    `-d ${quote(JSON.stringify(body, null, 2))}`,
  ];
  return lines.join(' \\\n  ');
}

/** `2h` of 7200: the largest unit that says it exactly. */
function spanOf(seconds: number): string {
  const [size, unit] = (
    [
      [86_400, 'd'],
      [3600, 'h'],
      [60, 'm'],
    ] as const
  ).find(([whole]) => seconds % whole === 0) ?? [1, 's'];
  return `${seconds / size}${unit}`;
}

/** A list without the entries that nobody has filled in yet. */
function filledIn(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const filled = value.filter((item) => item !== null);
  return filled.length === 0 ? undefined : filled;
}

export const hasSecrets = (shown: Input): boolean => JSON.stringify(shown).includes(SECRET_MARKER);
