import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A text in which secrets are looked for: what it is, and what it says. */
export interface Place {
  readonly where: string;
  readonly text: string;
}

/** Pieces of that many characters are looked for too: half a secret is half a leak. */
const PIECE = 16;

/** Secrets that are set free everywhere, to see where they turn up. Written without the code that is to be tested. */
export class Canaries {
  readonly #birds = new Map<string, string>();

  /** A new secret of 48 random letters, with what makes encodings differ at its end. */
  hatch(what: string, tail = ''): string {
    return this.add(what, randomBytes(24).toString('hex') + tail);
  }

  /** A secret that somebody else has made. */
  add(what: string, secret: string): string {
    if (secret.length < PIECE) throw new Error(`${what} is too short to be told from chance`);
    this.#birds.set(secret, what);
    return secret;
  }

  get size(): number {
    return this.#birds.size;
  }

  /** Where secrets were seen, each with what stands before it. `but`: canaries that may be there. */
  seenIn(places: readonly Place[], but: readonly string[] = []): string[] {
    const forms = [...this.#birds].flatMap(([secret, what]) =>
      but.includes(secret) ? [] : formsOf(secret).map(([form, text]) => ({ what, form, text })),
    );
    return places.flatMap(({ where, text }) =>
      forms.flatMap(({ what, form, text: wanted }) => {
        const at = text.indexOf(wanted);
        return at === -1 ? [] : [`${what}, ${form}, in ${where}, after: ${text.slice(Math.max(0, at - 120), at)}`];
      }),
    );
  }
}

/** The ways in which a secret could be written down, and two pieces of it. */
export function formsOf(secret: string): (readonly [form: string, text: string])[] {
  const bytes = Buffer.from(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  const forms: (readonly [string, string])[] = [
    ['as it is', secret],
    ['reversed', [...secret].reverse().join('')],
    ['in capitals', secret.toUpperCase()],
    ['in JSON', json],
    ['in JSON in JSON', JSON.stringify(json).slice(1, -1)],
    ['in a URL', encodeURIComponent(secret)],
    ['in a form', new URLSearchParams({ x: secret }).toString().slice(2)],
    ['in hexadecimal', bytes.toString('hex')],
    ['in HEXADECIMAL', bytes.toString('hex').toUpperCase()],
    ['its beginning', secret.slice(0, PIECE)],
    ['its end', secret.slice(-PIECE)],
  ];
  for (const before of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(before), bytes, Buffer.alloc(3)]);
    // Without the letters that hold bits of what stands beside it.
    const core = padded.toString('base64').slice(4, Math.floor((before + bytes.length) / 3) * 4);
    forms.push([`in base64 (${before})`, core], [`in base64url (${before})`, core.replaceAll('+', '-').replaceAll('/', '_')]);
  }
  return forms.filter(([, text]) => text.length >= PIECE / 2);
}

/** Every row of every table of a database that is not PostgreSQL's own, twice: as rows are cast to text, and as COPY writes them. */
export async function everyRow(databaseUrl: string): Promise<Place[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg_toast%'`,
    );
    const places: Place[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ text: string; copied: string }>(
        // What COPY writes, column by column, with its escapes of backslashes.
        `select t::text as text, replace(t::text, '\\', '\\\\') as copied from ${name} t`,
      );
      places.push({ where: `table ${name}`, text: rows.map(({ text, copied }) => `${text}\n${copied}`).join('\n') });
    }
    // Defaults, checks and comments are part of a dump too.
    const schema = await client.query<{ text: string }>(
      `select coalesce(pg_get_expr(adbin, adrelid), '') as text from pg_attrdef union all select pg_get_constraintdef(oid) from pg_constraint
       union all select description from pg_description where objoid >= 16384 union all select prosrc from pg_proc where oid >= 16384`,
    );
    return [...places, { where: 'the schema', text: schema.rows.map(({ text }) => text).join('\n') }];
  } finally {
    await client.end();
  }
}
