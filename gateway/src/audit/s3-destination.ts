import type { S3Client } from '@aws-sdk/client-s3';
import { type AuditHead, headHash, headLine, readHead } from '@guichet/contract/audit-log';
import { type HeadDestination, OtherHead, parsed } from './destinations.ts';

type Library = typeof import('@aws-sdk/client-s3');

export interface S3Settings {
  readonly bucket: string;
  /** What the keys of heads begin with. */
  readonly prefix: string;
  readonly region?: string | undefined;
  /** Another address than the one of AWS. */
  readonly endpoint?: string | undefined;
  readonly lock: 'COMPLIANCE' | 'GOVERNANCE';
  /** How long nobody can delete a head, in ms. */
  readonly retain: number;
}

/** What S3 says of a conditional write when there is an object already, or somebody writes it right now. */
const TAKEN = new Set([409, 412]);
const DIGITS = 12;
const NUMBER = /(\d{12})(?:-[0-9a-f]{16})?\.json$/;

const padded = (number: number): string => String(number).padStart(DIGITS, '0');

/**
 * Each head is an object of its own in a bucket with object lock: nobody can change or delete it until its time is over.
 * Keys sort by number. What is there is never written over: of a number that a restore has lost, the head that came in its
 * place gets a key with its hash.
 */
export class HeadBucket implements HeadDestination {
  readonly name: string;
  readonly #settings: S3Settings;
  readonly #isLost: (head: AuditHead) => Promise<boolean>;
  #client: S3Client | undefined;
  #last: AuditHead | undefined;

  /** `isLost`: whether a later head declares that one lost by a restore. */
  constructor(settings: S3Settings, isLost: (head: AuditHead) => Promise<boolean>) {
    this.name = `s3://${settings.bucket}/${settings.prefix}`;
    this.#settings = settings;
    this.#isLost = isLost;
  }

  async last(isFresh = false): Promise<AuditHead | undefined> {
    if (isFresh || this.#last === undefined) this.#last = await this.#ask((client, library) => this.#find(client, library));
    return this.#last;
  }

  async append(heads: readonly AuditHead[], signal?: AbortSignal): Promise<void> {
    try {
      for (const head of heads) {
        await this.#ask((client, library) => this.#add(head, { client, library, signal }));
        this.#last = head;
      }
    } catch (error) {
      this.#last = undefined;
      throw error;
    }
  }

  async #add(head: AuditHead, at: { client: S3Client; library: Library; signal: AbortSignal | undefined }): Promise<void> {
    const key = `${this.#settings.prefix}${padded(head.number)}`;
    if (await this.#put(`${key}.json`, head, at)) return;
    const other = await this.#get(`${key}.json`, at);
    if (other !== undefined && headHash(other) === headHash(head)) return; // it was told, and nobody heard the answer
    if (other === undefined || !(await this.#isLost(other))) throw new OtherHead(this.name, head);
    const own = `${key}-${headHash(head).slice(0, 16)}.json`;
    if (await this.#put(own, head, at)) return;
    const same = await this.#get(own, at);
    if (same === undefined || headHash(same) !== headHash(head)) throw new OtherHead(this.name, head);
  }

  /** False when there is such an object. */
  async #put(
    key: string,
    head: AuditHead,
    { client, library, signal }: { client: S3Client; library: Library; signal: AbortSignal | undefined },
  ): Promise<boolean> {
    const { bucket, lock, retain } = this.#settings;
    const command = new library.PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: `${headLine(head)}\n`,
      ContentType: 'application/json',
      IfNoneMatch: '*',
      ObjectLockMode: lock,
      ObjectLockRetainUntilDate: new Date(Date.now() + retain),
    });
    try {
      await client.send(command, signal === undefined ? {} : { abortSignal: signal });
      return true;
    } catch (error) {
      if (error instanceof library.S3ServiceException && TAKEN.has(error.$metadata.httpStatusCode ?? 0)) return false;
      throw error;
    }
  }

  async #get(key: string, { client, library }: { client: S3Client; library: Library }): Promise<AuditHead | undefined> {
    const { Body } = await client.send(new library.GetObjectCommand({ Bucket: this.#settings.bucket, Key: key }));
    return readHead(parsed((await Body?.transformToString()) ?? ''));
  }

  /** The head with the largest number: keys are listed from the front alone, so it is searched for. */
  async #find(client: S3Client, library: Library): Promise<AuditHead | undefined> {
    const { bucket, prefix } = this.#settings;
    const after = async (number: number, most = 1) => {
      const StartAfter = `${prefix}${padded(number)}~`;
      const command = new library.ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, StartAfter, MaxKeys: most });
      return (await client.send(command)).Contents ?? [];
    };
    const numberAfter = async (number: number): Promise<number | undefined> => {
      const found = NUMBER.exec((await after(number))[0]?.Key ?? '')?.[1];
      return found === undefined ? undefined : Number(found);
    };
    let low = (await numberAfter(0)) ?? 0;
    if (low === 0) return undefined;
    let high: number | undefined;
    for (let step = 1; high === undefined; step *= 2) {
      const next = await numberAfter(low + step - 1);
      if (next === undefined) high = low + step;
      else low = next;
    }
    while (low + 1 < high) {
      const middle = Math.floor((low + high) / 2);
      const next = await numberAfter(middle - 1);
      if (next === undefined) high = middle;
      else low = next;
    }
    // Of a number that a restore has lost there are two.
    const newest = (await after(low - 1, 100)).toSorted(
      (a, b) => (b.LastModified?.getTime() ?? 0) - (a.LastModified?.getTime() ?? 0),
    )[0];
    return newest?.Key === undefined ? undefined : this.#get(newest.Key, { client, library });
  }

  async #ask<Answer>(call: (client: S3Client, library: Library) => Promise<Answer>): Promise<Answer> {
    // Loaded when a head is first told: it takes longer than all else.
    const library = await import('@aws-sdk/client-s3');
    const { region, endpoint } = this.#settings;
    this.#client ??= new library.S3Client({
      ...(region !== undefined && { region }),
      ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
      maxAttempts: 2,
      requestHandler: { connectionTimeout: 2000, requestTimeout: 5000 },
    });
    try {
      return await call(this.#client, library);
    } catch (cause) {
      if (cause instanceof OtherHead) throw cause;
      throw new Error(`${this.name} cannot be asked or told: ${cause instanceof Error ? cause.name : 'unknown error'}.`, {
        cause,
      });
    }
  }
}
