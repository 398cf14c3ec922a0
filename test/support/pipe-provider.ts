import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { action, defineProvider, type Provider, refuse, type TunnelContext } from '@guichet/sdk';
import { z } from 'zod';

/** What the pipe provider has open, and what it was told to do with it. */
export class Pipes {
  /** Runs whose pipe is open: opened, and not closed since. */
  readonly open = new Set<string>();
  /** Handlers that are at work. */
  readonly tunnels = new Set<TunnelContext<typeof pipe, 'connection', unknown>>();
  /** Lines that were let through, after they had been recorded. */
  readonly lines: string[] = [];
  /** Bytes that were thrown away. */
  sunk = 0;
  /** Bytes that were made for clients and taken by their streams. */
  poured = 0;
}

const pipe = z.strictObject({ name: z.string().min(1).describe('Which pipe') });

/**
 * A provider whose connections speak in lines: `say X` is recorded and echoed, `pour N` gives N bytes, `sink` throws away all
 * that follows, `mirror` gives it back, `fail` ends in a refusal, `bye` in order.
 */
export function pipeProvider(pipes: Pipes, { lasts = { default: 600, most: 3600 } } = {}): Provider {
  const open = action('open', {
    title: 'Open a pipe',
    kind: 'write',
    risk: 'safe',
    input: pipe,
    output: 'connection',
    idempotent: true,
    lasts,
    undo: { action: 'close', input: ({ input, runId }) => ({ ...input, run: runId }) },
    plan: ({ input: { name } }) => ({ summary: `Open the pipe ${name}`, resource: { type: 'pipe', id: name }, seen: { name } }),
    run: ({ input: { name }, runId }) => {
      pipes.open.add(runId);
      return { kind: 'connection', protocol: 'tcp', target: `the pipe ${name}` };
    },
    tunnel: (context) => carry(pipes, context),
  });
  const close = action('close', {
    title: 'Close a pipe',
    kind: 'write',
    risk: 'safe',
    idempotent: true,
    input: pipe.extend({ run: z.string() }),
    output: 'text',
    plan: ({ input: { name, run } }) => ({
      summary: `Close the pipe ${name}`,
      resource: { type: 'pipe', id: name },
      fingerprint: run,
    }),
    run: ({ input: { run } }) => {
      pipes.open.delete(run);
      return { kind: 'text', text: 'closed' };
    },
  });
  return defineProvider({ name: 'pipes', title: 'Pipes', version: '1', team: 'payments', actions: [open, close] });
}

async function carry(pipes: Pipes, context: TunnelContext<typeof pipe, 'connection', unknown>): Promise<void> {
  const { stream, hold, signal } = context;
  pipes.tunnels.add(context);
  try {
    if (hold) await once(stream, 'close', { signal });
    else await converse(pipes, context);
  } finally {
    pipes.tunnels.delete(context);
  }
}

async function converse(pipes: Pipes, { stream, record }: TunnelContext<typeof pipe, 'connection', unknown>): Promise<void> {
  let rest = '';
  let sinking = false;
  let mirroring = false;
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    if (sinking) pipes.sunk += chunk.length;
    else if (mirroring) {
      if (!stream.write(chunk)) await Promise.race([once(stream, 'drain'), once(stream, 'close')]);
    } else {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === 'mirror') {
          mirroring = true;
          stream.write('from now on\n');
        } else if (line === 'sink') sinking = true;
        else if (line === 'bye') return;
        else if (line === 'fail') refuse('The pipe is clogged.', { remedy: 'Call a plumber.' });
        else if (line.startsWith('pour ')) await pour(pipes, stream, Number(line.slice(5)));
        else {
          await record({ summary: line, details: { length: line.length } });
          pipes.lines.push(line);
          stream.write(`${line}\n`);
        }
      }
    }
  }
}

async function pour(pipes: Pipes, stream: Duplex, bytes: number): Promise<void> {
  const block = Buffer.alloc(64 * 1024, 'x');
  for (let left = bytes; left > 0 && !stream.destroyed; left -= block.length) {
    const part = block.subarray(0, Math.min(left, block.length));
    const goesOn = stream.write(part);
    pipes.poured += part.length;
    if (!goesOn) await Promise.race([once(stream, 'drain'), once(stream, 'close')]);
  }
}
