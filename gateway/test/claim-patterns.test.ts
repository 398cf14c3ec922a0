import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matches } from '../src/identity/assertions/glob.ts';
import { claimAt } from '../src/identity/workloads/claims.ts';

describe('a pattern', () => {
  test.each([
    ['acme/orders', 'acme/orders'],
    ['repo:acme/*:environment:production', 'repo:acme/orders:environment:production'],
    ['repo:acme/**', 'repo:acme/orders:ref:refs/heads/main'],
    ['project_path:acme/*:ref_type:branch:ref:main', 'project_path:acme/orders:ref_type:branch:ref:main'],
    ['refs/tags/v*', 'refs/tags/v1.2'],
    ['*', 'main'],
    ['**', 'a/b:c'],
    ['*/*', 'a/b'],
    ['**:x', 'a:x:x'],
    ['a*a*a', 'aaaaa'],
    ['.+', '.+'],
    ['[a]', '[a]'],
  ])('%s takes %s', (pattern, text) => expect(matches(pattern, text)).toBe(true));

  test.each([
    ['acme/orders', 'Acme/orders'],
    ['acme/orders', 'acme/orders2'],
    ['acme/orders', 'xacme/orders'],
    ['acme/orders', 'acme/orders\n'],
    // A star never reaches over the part that it stands in.
    ['repo:acme/*', 'repo:acme/orders:ref:refs/heads/main'],
    ['repo:acme/*:environment:production', 'repo:acme/evil:ref:refs/heads/x:environment:production'],
    ['acme/*', 'acme/sub/orders'],
    // Nor does it stand for nothing.
    ['acme/*', 'acme/'],
    ['refs/tags/v*', 'refs/tags/v'],
    ['**', ''],
    ['a**b', 'ab'],
    // Nothing else has a meaning.
    ['.*', 'ab'],
    ['a?', 'ab'],
    ['[ab]', 'a'],
    ['a|b', 'a'],
  ])('%s does not take %s', (pattern, text) => expect(matches(pattern, text)).toBe(false));

  test('without a star takes itself and nothing else', () => {
    fc.assert(
      fc.property(
        fc.string().map((text) => text.replaceAll('*', '')),
        fc.string(),
        (pattern, text) => {
          expect(matches(pattern, text)).toBe(pattern === text);
        },
      ),
    );
  });

  test('means what the regular expression of it means', () => {
    const pieces = fc.array(fc.constantFrom('a', 'b', '/', ':', '*', '**'), { maxLength: 8 }).map((parts) => parts.join(''));
    const texts = fc.array(fc.constantFrom('a', 'b', '/', ':'), { maxLength: 10 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(pieces, texts, (pattern, text) => {
        const expression = pattern.replace(/\*+/g, (stars) => (stars === '*' ? '[^/:]+' : '[^]+'));
        expect(matches(pattern, text)).toBe(new RegExp(`^${expression}$`).test(text));
      }),
      { numRuns: 2000 },
    );
  });

  // A regular expression of it would not come back.
  test('with many stars is decided, whatever the text is', () => {
    expect(matches(`${'*a'.repeat(100)}b`, 'a'.repeat(1000))).toBe(false);
    expect(matches(`${'**a'.repeat(100)}b`, 'a'.repeat(1000))).toBe(false);
  });
});

describe('the place of a claim', () => {
  const claims = {
    sub: 'x',
    'kubernetes.io': { namespace: 'orders', 'a/b': { '~': 1 } },
    'https://example.com/role': 'r',
    list: ['a'],
  };

  test.each([
    ['sub', 'x'],
    ['https://example.com/role', 'r'],
    ['/kubernetes.io/namespace', 'orders'],
    ['/kubernetes.io/a~1b/~0', 1],
    ['/sub', 'x'],
  ])('%s is found', (name, value) => expect(claimAt(claims, name)).toBe(value));

  test.each([
    'kubernetes.io.namespace',
    '/kubernetes/io',
    '/kubernetes.io/namespace/length',
    'constructor',
    '/constructor',
    '/__proto__',
    '/list/0',
    '',
    '/',
  ])('%s is not', (name) => expect(claimAt(claims, name)).toBeUndefined());
});
