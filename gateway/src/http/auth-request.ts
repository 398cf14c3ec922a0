import type { FastifyRequest } from 'fastify';
import { networkOf } from '../limits/index.ts';

/** Where a call comes from: the address as people are shown it, and what it is counted as. */
export function addressOf({ ip }: FastifyRequest): { readonly address: string; readonly network: string } {
  return { address: ip.replace(/^::ffff:/, ''), network: networkOf(ip) };
}

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:(?:Headless)?Chrome|CriOS|Chromium)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\biPhone|\biPad/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

/** What a browser is, in words by which its owner knows it again; only words of ours, whatever it says of itself. */
export function clientOf({ headers: { 'user-agent': agent = '' } }: FastifyRequest): string {
  const named = (rows: typeof BROWSERS): string | undefined => rows.find(([pattern]) => pattern.test(agent))?.[1];
  const [browser = 'a browser', system] = [named(BROWSERS), named(SYSTEMS)];
  return system === undefined ? browser : `${browser} on ${system}`;
}
