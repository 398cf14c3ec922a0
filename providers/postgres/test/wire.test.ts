import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { FrontendSplitter } from '../src/wire/frontend.ts';
import { message, startupMessage } from '../src/wire/messages.ts';
import { ScramExchange, scramVerifier } from '../src/wire/scram.ts';

test('signs in as RFC 7677 has it, and sees whether the server knows the password too', async () => {
  // The user of the RFC's example is left out, as PostgreSQL leaves it out; so the proof is this module's own, and checked
  // against the verifier.
  const exchange = new ScramExchange('pencil', 'rOprNGfwEbeRWgbNEkqO');
  expect(exchange.first()).toBe('n,,n=,r=rOprNGfwEbeRWgbNEkqO');
  const first = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';
  const final = await exchange.final(first);
  expect(final).toMatch(/^c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj\)hNlF\$k0,p=[\w+/]+=$/);
  expect(() => exchange.verify('v=AAAA')).toThrow(/has not shown/);
  await expect(new ScramExchange('pencil', 'mine').final('r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096')).rejects.toThrow();
});

test('makes the verifier that the server would make', async () => {
  // Of RFC 7677's password and salt; that servers take it is shown by every lease of the tests.
  expect(await scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'))).toBe(
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
});

test('finds statements however the bytes are cut, and gives every byte back', () => {
  const sent = [
    message('Q', 'select 1\0'),
    message('P', 'name\0select $1\0', Buffer.from([0, 0])),
    message('B', randomBytes(300)),
    message('E', '\0', Buffer.alloc(4)),
    message('S'),
    message('d', randomBytes(100_000)),
    message('Q', `select '${'x'.repeat(200_000)}'\0`),
    message('F', Buffer.alloc(12)),
    message('X'),
  ];
  const all = Buffer.concat(sent);
  for (const size of [1, 3, 7, 1000, 65_536, all.length]) {
    const splitter = new FrontendSplitter();
    const back: Buffer[] = [];
    const seen: unknown[] = [];
    for (let at = 0; at < all.length; at += size) {
      for (const { bytes, statement, functionCall } of splitter.split(all.subarray(at, at + size))) {
        back.push(Buffer.from(bytes));
        if (statement) seen.push([statement.kind, statement.text.slice(0, 12), statement.cut]);
        if (functionCall) seen.push('function call');
      }
    }
    expect(Buffer.concat(back).equals(all)).toBe(true);
    expect(seen).toEqual([
      ['query', 'select 1', false],
      ['parse', 'select $1', false],
      ['query', "select 'xxxx", true],
      'function call',
    ]);
    expect(splitter.executions).toBe(1);
  }
});

test('does not take what is no message', () => {
  const splitter = new FrontendSplitter();
  expect(() => [...splitter.split(Buffer.from([0x51, 0, 0, 0, 1, 0]))]).toThrow(/no length/);
  expect(startupMessage(new Map([['user', 'a']])).toString('latin1')).toBe('\0\0\0\x10\0\x03\0\0user\0a\0\0');
});
