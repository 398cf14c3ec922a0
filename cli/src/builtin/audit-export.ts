import { once } from 'node:events';
import { EXIT } from '@guichet/contract';
import { headLine } from '@guichet/contract/audit-log';
import { Option } from 'commander';
import { servedEvents, servedHeads } from '../audit/served-log.ts';
import { wholeNumber } from '../command.ts';
import { progressLine } from '../output/progress-line.ts';
import type { Shell } from '../shell.ts';
import { addExamples, type Leaf, numberFlag } from './leaf.ts';

const AFTER = 'Only what comes after the head of this number: to go on where an export ended';

async function write({ context: { stdout, interrupt } }: Shell, lines: readonly string[]): Promise<void> {
  if (lines.length === 0 || stdout.write(`${lines.join('\n')}\n`)) return;
  await once(stdout, 'drain', { signal: interrupt });
}

/** The sealed events as lines, exactly as they are hashed. */
export const auditExport: Leaf = {
  define(command) {
    command.addOption(new Option('--after-head <number>', AFTER).argParser(wholeNumber('--after-head', 0)));
    addExamples(command, [
      'guichet audit heads > heads.jsonl; guichet audit export > events.jsonl',
      'guichet audit export --after-head 4711 >> events.jsonl',
      'guichet audit export | jq -c "select(.outcome == \\"denied\\")"',
    ]);
  },
  async run(shell, { flags }) {
    const client = await shell.client();
    const progress = progressLine(shell);
    let count = 0;
    try {
      for await (const { lines } of servedEvents(client, numberFlag(flags, 'afterHead') ?? 0, shell.context.interrupt)) {
        await write(shell, lines);
        count += lines.length;
        progress.show(`Exported ${count.toLocaleString('en')} events …`);
      }
    } finally {
      progress.end();
    }
    if (count === 0) shell.say(shell.aside.dim('There are no sealed events here.'));
    return EXIT.ok;
  },
};

/** The signed heads as lines, as they are published. */
export const auditHeads: Leaf = {
  define(command) {
    addExamples(command, ['guichet audit heads > heads.jsonl', 'guichet audit verify --export events.jsonl --heads heads.jsonl']);
  },
  async run(shell) {
    const { heads } = await servedHeads(await shell.client(), shell.context.interrupt);
    await write(shell, heads.map(headLine));
    if (heads.length === 0) shell.say(shell.aside.dim('Nothing is sealed yet.'));
    return EXIT.ok;
  },
};
