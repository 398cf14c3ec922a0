import * as crypto from 'node:crypto';

/** A SHA-256 hash: 32 bytes. */
export type Hash = Buffer;

/**
 * Node 20.12 and later hash in one call, which is much faster, and faster still when the hash comes as a text of 32 bytes:
 * a buffer of its own for each would cost more than hashing. The command line runs on older ones too.
 */
const sha256: (bytes: Uint8Array) => Hash =
  typeof crypto.hash === 'function'
    ? (bytes) => Buffer.from(crypto.hash('sha256', bytes, 'binary'), 'latin1')
    : (bytes) => crypto.createHash('sha256').update(bytes).digest();

/** What is hashed is put together here: hashing is over before anything else is. */
let scratch = Buffer.alloc(4096);

/** The hash of a leaf (RFC 9162, 2.1.1): what is hashed as a leaf is never the hash of a node. */
export function leafHash(leaf: string): Hash {
  if (scratch.length < 1 + 3 * leaf.length) scratch = Buffer.alloc(2 + 6 * leaf.length);
  scratch[0] = 0;
  return sha256(scratch.subarray(0, 1 + scratch.write(leaf, 1)));
}

const node = Buffer.alloc(65, 1);

export function nodeHash(left: Uint8Array, right: Uint8Array): Hash {
  node.set(left, 1);
  node.set(right, 33);
  return sha256(node);
}

const EMPTY: Hash = sha256(Buffer.alloc(0));

/**
 * A Merkle tree that grows at its right end, as the roots of the full subtrees that it is made of, largest first: all that
 * is needed to append and to say the root.
 */
export class MerkleTree {
  readonly #subtrees: { readonly height: number; readonly hash: Hash }[] = [];
  #size = 0;

  /** A tree that grows by itself from here on. */
  fork(): MerkleTree {
    const copy = new MerkleTree();
    copy.#subtrees.push(...this.#subtrees);
    copy.#size = this.#size;
    return copy;
  }

  get size(): number {
    return this.#size;
  }

  append(leaf: Hash): void {
    this.appendSubtree(0, leaf);
  }

  /** Appends a full subtree of 2^height leaves; the size so far must be a multiple of that. */
  appendSubtree(height: number, hash: Hash): void {
    if (this.#size % 2 ** height !== 0) throw new RangeError('a subtree is appended where it does not fit');
    const subtrees = this.#subtrees;
    let top = { height, hash };
    for (let last = subtrees[subtrees.length - 1]; last?.height === top.height; last = subtrees[subtrees.length - 1]) {
      subtrees.pop();
      top = { height: top.height + 1, hash: nodeHash(last.hash, top.hash) };
    }
    subtrees.push(top);
    this.#size += 2 ** height;
  }

  root(): Hash {
    return (
      this.#subtrees.reduceRight<Hash | undefined>(
        (right, { hash }) => (right === undefined ? hash : nodeHash(hash, right)),
        undefined,
      ) ?? EMPTY
    );
  }
}

export function rootOf(leaves: Iterable<Hash>): Hash {
  const tree = new MerkleTree();
  for (const leaf of leaves) tree.append(leaf);
  return tree.root();
}

/** The largest power of two below a size of at least 2. */
export const splitOf = (size: number): number => 2 ** (Math.ceil(Math.log2(size)) - 1);

/** The root that an inclusion proof leads to (RFC 9162, 2.1.3.2); undefined when the proof does not fit the tree. */
export function rootOfProof({
  leaf,
  index,
  size,
  path,
}: {
  leaf: Hash;
  index: number;
  size: number;
  path: readonly Hash[];
}): Hash | undefined {
  if (index >= size || index < 0) return undefined;
  let node = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of path) {
    if (last === 0) return undefined;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else hash = nodeHash(hash, sibling);
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : undefined;
}
