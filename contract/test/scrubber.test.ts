import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Scrubber, SECRET_MARKER } from '../src/secrets/index.ts';

const SECRET = `p"a/ß+s's-w_ö?r&d<1>`;
const bytes = Buffer.from(SECRET);
const scrubber = new Scrubber([SECRET]);

const WRITTEN: readonly (readonly [how: string, text: string])[] = [
  ['as it is', SECRET],
  ['in capitals', SECRET.toUpperCase().replace('SS', 'ß').replace('Ö', 'ö')],
  ['in JSON', JSON.stringify(SECRET).slice(1, -1)],
  ['in JSON in JSON', JSON.stringify(JSON.stringify(SECRET)).slice(3, -3)],
  ['in JSON of ASCII alone', JSON.stringify(SECRET).slice(1, -1).replace('ß', '\\u00df').replace('ö', '\\u00f6')],
  ['in a URL', encodeURIComponent(SECRET)],
  ['in a URL, in small letters', encodeURIComponent(SECRET).replace(/%../g, (code) => code.toLowerCase())],
  ['in a form', new URLSearchParams({ p: SECRET }).toString().slice(2)],
  [
    'in HTML',
    SECRET.replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;'),
  ],
  ['in SQL', SECRET.replaceAll("'", "''")],
  ['in hexadecimal', bytes.toString('hex')],
  ['in HEXADECIMAL', bytes.toString('hex').toUpperCase()],
  ['in base64', bytes.toString('base64')],
  ['in base64 without padding', bytes.toString('base64').replace(/=+$/, '')],
  ['in base64url', bytes.toString('base64url')],
];

test.each(WRITTEN)('finds a secret %s', (_how, text) => {
  expect(scrubber.scrub(`before ${text} after`)).toBe(`before ${SECRET_MARKER} after`);
  expect(scrubber.finds({ deep: [{ text: `x${text}x` }] })).toBe(true);
});

test.each([
  [0, 'base64'],
  [1, 'base64'],
  [2, 'base64'],
  [0, 'base64url'],
  [1, 'base64url'],
  [2, 'base64url'],
] as const)('finds it in something longer, %i bytes from a group of three, in %s', (before, encoding) => {
  for (const after of [0, 1, 2, 3]) {
    const text = Buffer.concat([randomBytes(3 + before), bytes, randomBytes(after)]).toString(encoding);
    const shown = scrubber.scrub(text);
    // At most the letters that it shares with what is beside it are left.
    const left = shown.split(SECRET_MARKER);
    expect(left).toHaveLength(2);
    expect(left.join('').length).toBeLessThanOrEqual(4 + 4 + 4 + 4);
  }
});

test('what holds no secret stays as it is', () => {
  const value = { summary: 'Sets the password of app', rows: [{ n: 5 }, { text: SECRET.slice(0, -1) }] };
  expect(scrubber.scrubJson(value)).toEqual(value);
  expect(scrubber.finds(value)).toBe(false);
  expect(scrubber.scrub('password')).toBe('password');
});

test('looks at every text of any depth, names of members too, and makes null of a number', () => {
  const numbers = new Scrubber([123_456, { nested: ['hunter2'], short: 'abc' }]);
  expect(
    numbers.scrubJson({ a: 123_456, b: [1_234_567, 99], hunter2: { c: 'is hunter2!' }, d: true, e: null, f: 'abc' }),
  ).toEqual({ a: null, b: [null, 99], [SECRET_MARKER]: { c: `is ${SECRET_MARKER}!` }, d: true, e: null, f: 'abc' });
  expect([{ hunter2: 1 }, [123_456], 'my hunter2'].map((value) => numbers.finds(value))).toEqual([true, true, true]);
  expect(numbers.finds({ hunter2Hash: 'x' })).toBe(false);
});

test('leaves an answer whole whose own words somebody has taken for secrets', () => {
  const words = new Scrubber(['table', 'summary', 'text', 'rows']);
  const output = {
    kind: 'table',
    title: 'A table',
    columns: [{ key: 'text', title: 'text', type: 'text' }],
    rows: [{ text: 'summary' }],
  };
  expect(words.scrubJson(output)).toEqual({
    kind: 'table',
    title: `A ${SECRET_MARKER}`,
    columns: [{ key: SECRET_MARKER, title: SECRET_MARKER, type: 'text' }],
    rows: [{ text: SECRET_MARKER }],
  });
});

test('finds a secret that is cut into neighbouring texts, and leaves nothing of it', () => {
  expect(new Scrubber(['hunter2!']).scrubJson({ lines: ['it is h', 'unt', '', 'er2! indeed', 'hunt'] })).toEqual({
    lines: [`it is ${SECRET_MARKER}`, SECRET_MARKER, '', `${SECRET_MARKER} indeed`, 'hunt'],
  });
});

test('secrets of fewer than four characters are not looked for', () => {
  const short = new Scrubber(['abc', 'no', 7, true, null, '']);
  expect(short.scrub('abc no 7 true')).toBe('abc no 7 true');
});

test('each line of a secret that has several is a secret', () => {
  const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n';
  const many = new Scrubber([key]);
  expect(many.scrub('line 2: MIIEvQIBADANBgkq!')).toBe(`line 2: ${SECRET_MARKER}!`);
  expect(many.scrub(`all: ${key.trim()}`)).toBe(`all: ${SECRET_MARKER}`);
  expect(many.scrub(key.replaceAll('\n', '\r\n'))).not.toMatch(/MII|hki/);
});

describe('a stream', () => {
  const cut = (text: string, ...at: number[]): string[] =>
    [0, ...at].map((start, index) => text.slice(start, at[index] ?? text.length));

  test('loses what begins in one line and ends in the next, wherever it is cut', () => {
    const text = 'the password is hunter2-forever, keep it';
    const start = text.indexOf('hunter2');
    for (let at = start + 1; at < start + 'hunter2-forever'.length; at += 1) {
      const stream = new Scrubber(['hunter2-forever']).stream();
      const shown = cut(text, at).map((line) => stream.push(line));
      // Fewer than four characters at the end of a line could be anything.
      const visible = at - start < 4 ? text.slice(start, at) : '';
      expect(shown[0], `cut at ${at}`).toBe(`the password is ${visible === '' ? SECRET_MARKER : visible}`);
      expect(shown[1], `cut at ${at}`).toBe(`${SECRET_MARKER}, keep it`);
    }
  });

  test('over many lines, and over lines that end with a line feed', () => {
    const stream = new Scrubber(['hunter2-forever']).stream();
    expect(['say hunt', 'er2', '-for', 'ever!', 'done'].map((line) => stream.push(line))).toEqual([
      `say ${SECRET_MARKER}`,
      SECRET_MARKER,
      SECRET_MARKER,
      `${SECRET_MARKER}!`,
      'done',
    ]);
    expect(['hunter\n', '2-forever\n'].map((line) => stream.push(line))).toEqual([`${SECRET_MARKER}\n`, `${SECRET_MARKER}\n`]);
  });

  test('a line that only begins like a secret loses its end, and the next one nothing', () => {
    const stream = new Scrubber(['hunter2-forever']).stream();
    expect(['the hunt', 'is over', 'hun', 'gry'].map((line) => stream.push(line))).toEqual([
      `the ${SECRET_MARKER}`,
      'is over',
      'hun',
      'gry',
    ]);
  });
});

test('whatever the secret, the text around it, and the cuts: no encoding of it comes through', () => {
  const words = fc.string({ minLength: 4, maxLength: 20, unit: fc.constantFrom(...'abAB/+-_ "\'\\é漢😀0') });
  fc.assert(
    fc.property(fc.array(words, { minLength: 1, maxLength: 4 }), words, words, fc.nat(), (secrets, before, after, where) => {
      const many = new Scrubber(secrets);
      for (const secret of secrets) {
        const raw = Buffer.from(secret);
        const encoded = [secret, encodeURIComponent(secret), raw.toString('base64'), raw.toString('hex'), JSON.stringify(secret)];
        for (const text of encoded) {
          expect(many.scrub(before + text + after)).not.toContain(text);
          const cut = where % (text.length + 1);
          expect(many.scrubJson([before + text.slice(0, cut), text.slice(cut) + after]).join('')).not.toContain(text);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('agrees with a plain search for every single secret', () => {
  const unit = fc.constantFrom(...'abc');
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit, minLength: 4, maxLength: 6 }), { minLength: 1, maxLength: 5 }),
      fc.string({ unit, maxLength: 60 }),
      (secrets, text) => {
        const hidden = new Set<number>();
        for (const secret of secrets)
          for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + 1))
            for (let index = at; index < at + secret.length; index += 1) hidden.add(index);
        const expected = [...text]
          .map((letter, index) => (hidden.has(index) ? '\0' : letter))
          .join('')
          .replace(/\0+/g, SECRET_MARKER);
        expect(new Scrubber(secrets).scrub(text)).toBe(expected);
      },
    ),
    { numRuns: 500 },
  );
});
