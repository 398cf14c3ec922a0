import { expect, test } from 'vitest';
import { FrameWalker } from '../src/frame-walker.ts';

const TEXT = 1;
const BINARY = 2;
const PING = 9;

/** A frame as a server sends it. */
function frame(opcode: number, payload: string, { final = true } = {}): Buffer {
  const bytes = Buffer.from(payload);
  const first = (final ? 0x80 : 0) | opcode;
  if (bytes.length < 126) return Buffer.concat([Buffer.from([first, bytes.length]), bytes]);
  const head = Buffer.alloc(bytes.length < 65_536 ? 4 : 10);
  head[0] = first;
  if (bytes.length < 65_536) {
    head[1] = 126;
    head.writeUInt16BE(bytes.length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(bytes.length), 2);
  }
  return Buffer.concat([head, bytes]);
}

const FRAMES = [
  frame(TEXT, '{"type":"opened"}'),
  frame(BINARY, 'a'),
  frame(BINARY, ''),
  frame(PING, 'are you there'),
  frame(BINARY, 'b'.repeat(300)),
  frame(BINARY, 'in ', { final: false }),
  frame(PING, ''),
  frame(0, 'pieces'),
  frame(BINARY, 'c'.repeat(70_000)),
  frame(TEXT, '{"type":"record"}'),
];
const isBinary = (_: Buffer, index: number): boolean => [1, 2, 4, 5, 7, 8].includes(index);

function walk(chunks: readonly Buffer[], takeFrom = 0): { binary: Buffer; other: Buffer; payload: number } {
  const [binary, other]: [Buffer[], Buffer[]] = [[], []];
  let payload = 0;
  const walker = new FrameWalker({
    onBinary: (pieces, bytes) => {
      binary.push(...pieces);
      payload += bytes;
    },
    onOther: (piece) => void other.push(piece),
  });
  for (const [index, chunk] of chunks.entries()) {
    if (index >= takeFrom) walker.takeBinary = true;
    walker.take(chunk);
  }
  return { binary: Buffer.concat(binary), other: Buffer.concat(other), payload };
}

function cut(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

test.each([1, 2, 3, 7, 100, 65_536, 1_000_000])('takes binary frames out of bytes that come %i at a time', (size) => {
  const { binary, other, payload } = walk(cut(Buffer.concat(FRAMES), size));
  expect(binary.equals(Buffer.concat(FRAMES.filter(isBinary)))).toBe(true);
  expect(other.equals(Buffer.concat(FRAMES.filter((each, index) => !isBinary(each, index))))).toBe(true);
  expect(payload).toBe(1 + 300 + 3 + 6 + 70_000);
});

test('leaves a frame that had begun to whoever was reading it', () => {
  const bytes = Buffer.concat(FRAMES);
  for (let from = 1; from < 60; from++) {
    const { binary, other } = walk(cut(bytes, 7), from);
    expect(binary.length + other.length).toBe(bytes.length);
    const before = other.subarray(0, Math.min(from * 7, other.length));
    expect(before.equals(bytes.subarray(0, before.length))).toBe(true);
  }
});

test('refuses what no server sends', () => {
  const masked = frame(BINARY, 'a');
  masked[1] = 0x81;
  expect(() => walk([masked])).toThrow('masks no frames');
  const endless = Buffer.from([0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
  expect(() => walk([endless])).toThrow('too long');
});
