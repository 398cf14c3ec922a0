import type { AuditFinding } from './findings.ts';
import { type AuditHead, type AuditKey, countOf, type DeclaredRestore, headHash, isSignedBy, kidOf } from './head.ts';

export interface ChainOptions {
  /** The public key of the log, as it was given to whoever checks; that of the first head when absent. */
  readonly key?: string | undefined;
  /** A head that was checked, and the keys up to it: the chain goes on after it. */
  readonly after?: { readonly head: AuditHead; readonly keys: readonly AuditKey[] } | undefined;
}

/**
 * Checks a chain of heads, oldest first. Each head names the hash of the one before, so the signature of the last head of
 * a key stands for all of that key before it; where keys change, the old one has signed the new one.
 */
export class HeadChain {
  readonly heads: AuditHead[] = [];
  readonly findings: AuditFinding[] = [];
  /** Restores that somebody declared. */
  readonly restores: AuditHead[] = [];
  /** Every key that signs in it, oldest first. */
  readonly keys: AuditKey[] = [];
  #key: AuditKey | undefined;
  #given: string | undefined;
  #hash: string | undefined;

  constructor({ key, after }: ChainOptions = {}) {
    this.#given = key;
    if (after === undefined) return;
    this.heads.push(after.head);
    this.keys.push(...after.keys);
    this.#key = after.keys.at(-1);
    this.#hash = headHash(after.head);
  }

  /** The key that signs now. */
  get key(): AuditKey | undefined {
    return this.#key;
  }

  add(head: AuditHead): void {
    if (head.restore !== undefined) this.#rewind(head, head.restore);
    const last = this.heads.at(-1);
    // Whoever died between writing a head and noting that, wrote it again.
    if (last !== undefined && head.number === last.number && headHash(head) === this.#hash) return;
    if (last === undefined) this.#begin(head);
    else this.#link(last, head);
    if (this.#key !== undefined && head.key !== this.#key.kid) this.#refuseKey(head);
    const { announces } = head;
    if (announces !== undefined && last !== undefined) {
      this.#checkSignature(head);
      if (kidOf(announces.public) === announces.kid) this.#use(announces);
    }
    if (head.restore !== undefined) this.restores.push(head);
    this.heads.push(head);
    this.#hash = headHash(head);
  }

  /** After the last head. */
  end(): void {
    const last = this.heads.at(-1);
    if (last !== undefined && last.announces === undefined) this.#checkSignature(last);
    else if (last !== undefined && this.heads.length === 1) this.#checkSignature(last);
  }

  /** A declared restore: the heads after it were published, and are no more. */
  #rewind(head: AuditHead, { after, lost, lostHash }: DeclaredRestore): void {
    const last = this.heads.at(-1);
    if (last === undefined || last.number <= after) return;
    // A file that was behind when the restore came has fewer of the lost heads.
    if (last.number > lost || (last.number === lost && this.#hash !== lostHash))
      this.#find({
        kind: 'lost_heads',
        head: head.number,
        message: `The restore that head ${head.number} declares is after head ${lost}; here the last one before it is ${last.number}.`,
      });
    // Told once more it takes nothing back but what was lost before: heads that came since are gone.
    const told = this.heads.find(({ number }) => number === head.number);
    if (told !== undefined && told !== last && headHash(told) === headHash(head))
      this.#find({
        kind: 'lost_heads',
        head: head.number,
        message: `The restore that head ${head.number} declares is told once more after head ${last.number}: what was sealed between them is not declared lost.`,
      });
    while ((this.heads.at(-1)?.number ?? 0) > after) this.heads.pop();
    const kept = this.heads.at(-1);
    this.#hash = kept === undefined ? undefined : headHash(kept);
  }

  #begin(head: AuditHead): void {
    const { announces } = head;
    const given = this.#given;
    if (announces === undefined && given === undefined) {
      this.#find({
        kind: 'broken_chain',
        head: head.number,
        message: `Head ${head.number} is the first one here, and names no key: pass --key.`,
      });
      return;
    }
    const publicKey = given ?? announces?.public ?? '';
    this.#use({ kid: kidOf(publicKey), public: publicKey });
    if (head.number === 1 && head.previous !== null)
      this.#find({ kind: 'broken_chain', head: 1, message: 'Head 1 names a head before it.' });
    if (head.number === 1) this.#checkSize(0, head);
    this.#checkSignature(head);
  }

  #link(last: AuditHead, head: AuditHead): void {
    const { number } = head;
    if (head.log !== last.log) this.#find({ kind: 'broken_chain', head: number, message: `Head ${number} is of another log.` });
    if (number !== last.number + 1)
      this.#find({
        kind: 'broken_chain',
        head: number,
        message: `After head ${last.number} comes head ${number}: ${number > last.number ? 'heads are missing' : 'heads are not in order'}.`,
      });
    else if (head.previous !== this.#hash)
      this.#find({
        kind: 'broken_chain',
        head: number,
        message: `Head ${number} (${head.at}) does not continue head ${last.number} as it is here: one of them was changed.`,
      });
    this.#checkSize(last.size, head);
    if (head.key !== last.key || last.announces !== undefined) this.#checkSignature(head);
  }

  #checkSize(before: number, head: AuditHead): void {
    if (head.size === before + countOf(head)) return;
    this.#find({
      kind: 'broken_chain',
      head: head.number,
      message: `Head ${head.number} counts ${head.size} events, not ${before + countOf(head)}.`,
    });
  }

  #refuseKey(head: AuditHead): void {
    if (this.findings.some(({ kind }) => kind === 'swapped_key')) return; // said once
    this.#find({
      kind: 'swapped_key',
      head: head.number,
      message: `From head ${head.number} (${head.at}) on, heads are signed with the key ${head.key}, which the key ${this.#key?.kid} never announced.`,
    });
  }

  #checkSignature(head: AuditHead): void {
    const key = this.#key;
    if (key === undefined || head.key !== key.kid || isSignedBy(head, key.public)) return;
    this.#find({
      kind: 'broken_chain',
      head: head.number,
      message: `The signature of head ${head.number} (${head.at}) does not hold: it was changed after it was signed.`,
    });
  }

  #use(key: AuditKey): void {
    this.#key = key;
    this.keys.push(key);
  }

  #find(finding: AuditFinding): void {
    this.findings.push(finding);
  }
}
