import type { Json } from '@guichet/contract';

export type { Json };

/** Deeper than any honest answer; a cycle reaches it at once. */
const MAX_DEPTH = 64;

/** A value of a handler that JSON cannot carry. `pointer` says where. */
export class NotJsonError extends Error {
  readonly pointer: string;

  constructor(pointer: string, what: string) {
    super(`${pointer === '' ? 'the value' : pointer} is ${what}, which JSON cannot carry`);
    this.name = 'NotJsonError';
    this.pointer = pointer;
  }
}

/** One step of a JSON pointer (RFC 6901). */
export function pointerStep(key: PropertyKey): string {
  return `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/**
 * The copy that a trip over the wire would make, without making the text: members that are `undefined` go, and what
 * JSON would silently mangle (dates, NaN, maps, class instances) is refused, so that an action cannot work in process
 * and break over HTTP.
 */
export function jsonCopy(value: unknown, pointer = '', depth = 0): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw new NotJsonError(pointer, String(value));
      return value === 0 ? 0 : value; // -0 has no JSON form of its own
    case 'object':
      return value === null ? null : copyObject(value, pointer, depth);
    default:
      throw new NotJsonError(pointer, value === undefined ? 'undefined' : `a ${typeof value}`);
  }
}

function copyObject(value: object, pointer: string, depth: number): Json {
  if (depth >= MAX_DEPTH) throw new NotJsonError(pointer, `nested more than ${MAX_DEPTH} levels deep`);
  if (Array.isArray(value)) return value.map((item, index) => jsonCopy(item, pointer + pointerStep(index), depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new NotJsonError(pointer, `a ${value.constructor?.name ?? 'class instance'}`);
  }
  const copy: { [key: string]: Json } = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    if (key === '__proto__') throw new NotJsonError(pointer + pointerStep(key), 'a member named __proto__');
    copy[key] = jsonCopy(member, pointer + pointerStep(key), depth + 1);
  }
  return copy;
}
