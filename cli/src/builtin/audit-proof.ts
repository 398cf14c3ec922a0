import { readFileSync } from 'node:fs';
import { EXIT, GuichetError } from '@guichet/contract';
import { type AuditHead, checkedKey, isSignedBy, leafHash, readHead, rootOfProof } from '@guichet/contract/audit-log';
import { clean } from '../output/clean.ts';
import { addExamples, type Leaf, textFlag } from './leaf.ts';

interface Proof {
  readonly event: string;
  readonly index: number;
  readonly path: readonly string[];
  readonly head: AuditHead;
}

export const auditProof: Leaf = {
  define(command) {
    command
      .argument('[event]', 'The number of the event, as guichet audit list -o wide shows it')
      .option('--check <file>', 'Check a proof that somebody gave you, without a gateway; with --key')
      .option('--key <key>', 'The public key of the log, as you were given it');
    addExamples(command, [
      'guichet audit proof 4711 -o json > proof.json',
      'guichet audit proof --check proof.json --key qgbcwl78bxPJXU1E/xZ33hxqBNdrek337Cu7mFHUL8c=',
    ]);
  },
  async run(shell, { args: [event], flags }) {
    const file = textFlag(flags, 'check');
    const key = checkedKey(textFlag(flags, 'key'));
    if ((event === undefined) === (file === undefined))
      throw new GuichetError('usage.invalid', 'Name one event, or a proof with --check.', {
        remedy: 'See guichet audit proof --help.',
      });
    if (file !== undefined && key === undefined)
      throw new GuichetError('usage.invalid', 'A proof is worth as much as the key that it is checked with: pass --key.', {
        remedy: 'Ask the team that runs Guichet for the public key of the audit log.',
      });
    const proof = file === undefined ? await asked() : readProof(file);
    async function asked(): Promise<Proof> {
      const client = await shell.client();
      const found = await client.call('audit.proof', { params: { event: event ?? '' }, signal: shell.context.interrupt });
      return proofOf(found, 'The gateway');
    }
    const wrong = whyWrong(proof, key);
    if (wrong !== undefined) {
      shell.say(shell.aside.red(`The proof does not hold: ${wrong}.`));
      return EXIT.failed;
    }
    await shell.show(file === undefined ? proof : { holds: true, ...proof }, () => {
      const { paint } = shell.canvas;
      const signed = key === undefined ? 'The signature was not checked: pass --key.' : 'The signature of the head holds.';
      return [
        clean(proof.event),
        `${paint.green('✓')} It is event ${proof.index + 1} of the ${proof.head.size.toLocaleString('en')} under head ${proof.head.number} of ${clean(proof.head.at)}.`,
        paint.dim(signed),
      ].join('\n');
    });
    return EXIT.ok;
  },
};

function readProof(path: string): Proof {
  try {
    return proofOf(JSON.parse(readFileSync(path, 'utf8')), path);
  } catch (cause) {
    if (cause instanceof GuichetError) throw cause;
    throw new GuichetError('usage.invalid', `${path} is no proof of an event.`, {
      remedy: 'Make one with: guichet audit proof EVENT -o json',
      cause,
    });
  }
}

function proofOf(found: unknown, where: string): Proof {
  const { event, index, path, head } = (typeof found === 'object' && found !== null ? found : {}) as Record<string, unknown>; // looked at below
  const read = readHead(head);
  if (typeof event === 'string' && Number.isSafeInteger(index) && Array.isArray(path) && read !== undefined)
    return { event, index: Number(index), path: path.map(String), head: read };
  throw new GuichetError('usage.invalid', `${where} gave no proof of an event that this version can read.`);
}

function whyWrong({ event, index, path, head }: Proof, key: string | undefined): string | undefined {
  const root = rootOfProof({ leaf: leafHash(event), index, size: head.size, path: path.map((hash) => Buffer.from(hash, 'hex')) });
  if (root?.toString('hex') !== head.root) return 'the event does not lead to the root of the head';
  if (key !== undefined && !isSignedBy(head, key)) return `the head is not signed with the key ${key}`;
  return undefined;
}
