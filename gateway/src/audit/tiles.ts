import { type Hash, MerkleTree, nodeHash, splitOf } from '@guichet/contract/audit-log';

/** Hashes of a tile. Tile N of level L stands for the 256 subtrees of 256^L leaves each that begin at leaf N * 256^(L+1). */
export const TILE_WIDTH = 256;
const TILE_HEIGHT = 8;
const HASH_BYTES = 32;

export interface Tile {
  readonly level: number;
  readonly number: number;
  readonly hashes: Buffer;
}

export const tileHash = (hashes: Buffer, index: number): Hash | undefined =>
  hashes.length >= (index + 1) * HASH_BYTES ? hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES) : undefined;

const hashesOf = (tile: Buffer): Hash[] =>
  Array.from({ length: tile.length / HASH_BYTES }, (_, index) => tile.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES));

/** The tiles at the right edge of a tree, highest level first: what is needed to go on. Full ones are not among them. */
export function edgeOf(size: number): { level: number; number: number; width: number }[] {
  const edge: { level: number; number: number; width: number }[] = [];
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_WIDTH))
    if (count % TILE_WIDTH > 0) edge.unshift({ level, number: Math.floor(count / TILE_WIDTH), width: count % TILE_WIDTH });
  return edge;
}

/** A tree as its right edge tells it; undefined when a tile is missing. `tileOf` gives the hashes of a tile. */
export function treeOf(size: number, tileOf: (level: number, number: number) => Buffer | undefined): MerkleTree | undefined {
  const tree = new MerkleTree();
  for (const { level, number, width } of edgeOf(size)) {
    const hashes = hashesOf(tileOf(level, number) ?? Buffer.alloc(0));
    if (hashes.length < width) return undefined;
    for (const hash of hashes.slice(0, width)) tree.appendSubtree(level * TILE_HEIGHT, hash);
  }
  return tree;
}

/** What appending leaves to a tree of this size adds to its tiles. */
export class TileWriter {
  readonly #parts = new Map<string, { level: number; number: number; added: Hash[] }>();
  readonly #open = new Map<number, Hash[]>();
  #size: number;

  /** `edge` gives the hashes of the tiles at the right edge. */
  constructor(size: number, edge: (level: number) => Buffer | undefined) {
    this.#size = size;
    for (const { level } of edgeOf(size)) this.#open.set(level, hashesOf(edge(level) ?? Buffer.alloc(0)));
  }

  append(leaf: Hash): void {
    this.#append(0, this.#size, leaf);
    this.#size += 1;
  }

  /** What is to be added to each tile, at its end. */
  get added(): Tile[] {
    return [...this.#parts.values()].map(({ level, number, added }) => ({ level, number, hashes: Buffer.concat(added) }));
  }

  #append(level: number, index: number, hash: Hash): void {
    const number = Math.floor(index / TILE_WIDTH);
    const key = `${level}/${number}`;
    const part = this.#parts.get(key) ?? { level, number, added: [] };
    this.#parts.set(key, part);
    part.added.push(hash);
    const open = this.#open.get(level) ?? [];
    open.push(hash);
    if (open.length < TILE_WIDTH) return void this.#open.set(level, open);
    this.#open.set(level, []);
    this.#append(level + 1, number, rootOfFull(open));
  }
}

function rootOfFull(hashes: readonly Hash[]): Hash {
  let row = [...hashes];
  while (row.length > 1)
    row = Array.from({ length: row.length / 2 }, (_, index) => nodeHash(row[2 * index] as Hash, row[2 * index + 1] as Hash)); // both are there: the row is even
  return row[0] as Hash; // a full tile has 256
}

/** The hashes that lead from a leaf to the root of the tree of this size (RFC 9162, 2.1.3.1). */
export async function inclusionPath(
  { index, size }: { index: number; size: number },
  tileOf: (level: number, number: number) => Promise<Buffer>,
): Promise<Hash[]> {
  const subtree = async (start: number, count: number): Promise<Hash> => {
    const height = Math.log2(count);
    if (Number.isInteger(height)) {
      const level = Math.floor(height / TILE_HEIGHT);
      const width = 2 ** (height % TILE_HEIGHT);
      const first = start / TILE_WIDTH ** level;
      const tile = hashesOf(await tileOf(level, Math.floor(first / TILE_WIDTH)));
      const hashes = tile.slice(first % TILE_WIDTH, (first % TILE_WIDTH) + width);
      if (hashes.length < width) throw new RangeError('a tile of the audit log is missing');
      return rootOfFull(hashes);
    }
    const left = splitOf(count);
    return nodeHash(await subtree(start, left), await subtree(start + left, count - left));
  };
  const path: Hash[] = [];
  let start = 0;
  let count = size;
  while (count > 1) {
    const left = splitOf(count);
    const isLeft = index < start + left;
    path.unshift(isLeft ? await subtree(start + left, count - left) : await subtree(start, left));
    if (!isLeft) start += left;
    count = isLeft ? left : count - left;
  }
  return path;
}
