import { chown, mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatBytes, formatDuration } from '@guichet/contract';
import { PermanentFailure } from '@guichet/sdk';
import type { Instance } from '../estate.ts';
import { listenAddress } from './config.ts';
import { copyCluster } from './copy-cluster.ts';
import { copyFailure } from './copy-failure.ts';
import { untilUsable } from './follow.ts';
import { syncFolder } from './replica-folder.ts';
import type { ReplicaRecord } from './replica-record.ts';
import { makeSlot, replicationSession, settingOf, systemIdOf } from './replication-session.ts';
import { writeServerFiles } from './server-files.ts';
import { libraryFolders, takeSettings } from './server-settings.ts';
import { takeAway } from './take-away.ts';
import type { Voice } from './voice.ts';
import type { Workshop } from './workshop.ts';

/** Progress is told so often, in ms. */
const TELL_MS = 250;

/** A replica that is to be made: its record, but for what is found out on the way. */
export type Order = Omit<ReplicaRecord, 'port' | 'state' | 'endLsn' | 'bytes' | 'createdAt'>;

/**
 * Makes a replica, or goes on with what a run of the same mark has made; gives its record when it can be used. Whatever it
 * fails by, it takes everything away again; where even that fails, the record says so and the keeper goes on with it.
 * Who calls it holds the lock.
 */
export async function makeReplica(workshop: Workshop, source: Instance, order: Order, voice: Voice): Promise<ReplicaRecord> {
  let record = await workshop.folder.read(order.name);
  if (record !== undefined && record.mark !== order.mark && record.state !== 'deleting') {
    throw new PermanentFailure(`There is a replica '${order.name}' already, which ${record.request} has made.`, {
      remedy: 'Take another --replica-suffix, or delete that replica first.',
    });
  }
  if (record?.state === 'deleting' || record?.state === 'copying') {
    // Half a copy cannot be continued: what was read of it has changed since.
    voice.log('What an earlier run has left is taken away first.');
    await takeAway(workshop, record, { ...voice, log: () => {} });
    record = undefined;
  }
  if (record === undefined) {
    record = await begin(workshop, order);
    voice.log(`It will listen on port ${record.port}.`);
  }
  try {
    if (record.state === 'copying') record = await copy(workshop, source, record, voice);
    if (record.state === 'following') {
      await workshop.servers.start(record);
      voice.log('Its server has started; it catches up with its source.');
      await untilUsable(workshop, source, record, voice);
      record = { ...record, state: 'ready' };
      await workshop.folder.write(record);
    }
    return record;
  } catch (error) {
    voice.log('It could not be finished: what was made of it is taken away.', 'warn');
    await undo(workshop, record, voice);
    throw error;
  }
}

async function undo(workshop: Workshop, record: ReplicaRecord, voice: Voice): Promise<void> {
  try {
    // The run may have been cancelled; what it made is taken away all the same.
    await takeAway(workshop, record, { log: voice.log, signal: AbortSignal.timeout(30_000) });
  } catch {
    voice.log(`Not all could be taken away now; it is tried again until '${record.source}' lets its slot be dropped.`, 'warn');
  }
}

/** Takes a port, and writes down that there will be a replica: from here on nothing of it is forgotten. */
async function begin(workshop: Workshop, order: Order): Promise<ReplicaRecord> {
  const { folder } = workshop;
  const createdAt = new Date().toISOString();
  const record: ReplicaRecord = { ...order, port: await freePort(workshop), state: 'copying', endLsn: '', bytes: 0, createdAt };
  if (!(await folder.begin(record))) {
    throw new PermanentFailure(`${folder.pathsOf(order.name).home} is there already, and is no replica.`, {
      remedy: 'Look at what it is, and remove it; or take another --replica-suffix.',
    });
  }
  for (let tries = 0; await isTakenTwice(workshop, record.port); tries++) {
    // Somebody else chose the same port at the same moment. Both choose again, each after a pause of its own.
    if (tries === 20) throw noPort(workshop);
    await sleep(Math.random() * 50);
    record.port = await freePort(workshop);
    await folder.write(record);
  }
  return record;
}

async function isTakenTwice({ folder }: Workshop, port: number): Promise<boolean> {
  const { records } = await folder.list();
  return records.filter((record) => record.port === port).length > 1;
}

/** A port of the range that no replica has and on which nothing listens. */
export async function freePort(workshop: Workshop): Promise<number> {
  const { folder, settings } = workshop;
  const { records } = await folder.list();
  const taken = new Set(records.map(({ port }) => port));
  const [first, last] = settings.ports;
  for (let port = first; port <= last; port++) {
    if (!taken.has(port) && (await canListen(port, listenAddress(settings)))) return port;
  }
  throw noPort(workshop);
}

function noPort({ settings: { ports } }: Workshop): PermanentFailure {
  return new PermanentFailure(`No port from ${ports[0]} to ${ports[1]} is free for another replica.`, {
    remedy: 'Delete a replica, or widen replicas.ports in the configuration of the provider.',
  });
}

async function canListen(port: number, host: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once('error', () => resolve(false));
  server.listen(port, host, () => server.close(() => resolve(true)));
  return promise;
}

async function copy(workshop: Workshop, source: Instance, record: ReplicaRecord, voice: Voice): Promise<ReplicaRecord> {
  const { folder, account, settings } = workshop;
  const paths = folder.pathsOf(record.name);
  for (const path of [paths.dataDir, paths.tablespaces]) {
    await rm(path, { recursive: true, force: true });
    await mkdir(path, { mode: 0o700 });
    if (account !== undefined) await chown(path, account.uid, account.gid);
  }
  const binaries = await workshop.binaries(Math.floor(record.version / 10_000));
  const { settings: taken } = await takeSettings(source.observer, libraryFolders(binaries));
  const tell = teller(voice);
  const { maxRateMB } = settings;
  const copied = await replicationSession(source.settings, voice.signal, async (client) => {
    if ((await systemIdOf(client)) !== record.systemId) {
      throw new PermanentFailure(`'${record.source}' is another cluster than the one that the plan has seen.`, {
        remedy: 'File the request again.',
      });
    }
    // Our other sessions have limits of their own, which hide those of the server.
    for (const name of ['statement_timeout', 'lock_timeout']) taken.set(name, await settingOf(client, name));
    await makeSlot(client, record.slot);
    voice.log(`Made the replication slot '${record.slot}'; copying begins.`);
    const rate = maxRateMB === undefined ? undefined : maxRateMB * 1024 * 1024;
    return copyCluster(
      client,
      { version: record.version, label: `guichet ${record.name}`, maxRate: rate },
      { dataDir: paths.dataDir, tablespaces: paths.tablespaces, account, durable: taken.get('fsync') !== 'off' },
      tell,
    ).catch((error: unknown) => {
      voice.signal.throwIfAborted(); // then it is the end of the connection that it rejects with
      throw copyFailure(error, record.source, settings.folder) ?? error;
    });
  });
  await writeServerFiles({ record, paths, source: source.settings, replicas: settings, account }, taken);
  await syncFolder(paths.dataDir);
  const whole: ReplicaRecord = { ...record, state: 'following', endLsn: copied.endLsn, bytes: copied.bytes };
  await folder.write(whole);
  voice.log(`The copy is whole: ${formatBytes(copied.bytes)}.`);
  return whole;
}

function teller({ progress }: Voice): (done: number, total: number) => void {
  const began = performance.now();
  let told = Number.NEGATIVE_INFINITY;
  return (done, total) => {
    const now = performance.now();
    if (done > 0 && now - told < TELL_MS) return;
    told = now;
    const seconds = (now - began) / 1000;
    // Before that the rate says little.
    const left = done === 0 || seconds < 2 ? '' : `, ${formatDuration(Math.ceil(((total - done) * seconds) / done))} left`;
    progress({ message: `Copied ${formatBytes(done)} of about ${formatBytes(total)}${left}`, done, total });
  };
}
