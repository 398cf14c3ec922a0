import { formatBytes } from '@guichet/contract';
import { type ObservationInput, PermanentFailure, refuse } from '@guichet/sdk';
import { z } from 'zod';
import { commandLine } from '../describe-session.ts';
import type { Instance } from '../estate.ts';
import { InstanceError } from '../instance-error.ts';
import type {
  LostWork,
  ReplicaMaker,
  ReplicaPlan,
  ReplicaReceipt,
  ReplicaWork,
  UnwantedReplica,
  WantedReplica,
} from '../replica/maker.ts';
import { counted } from '../words.ts';
import { finished } from './follow.ts';
import { MADE_HERE } from './made-here.ts';
import { makeReplica } from './make-replica.ts';
import { planCreate, SeenSource } from './plan-create.ts';
import { type ReplicaRecord, slotNameOf } from './replica-record.ts';
import { takeAway } from './take-away.ts';
import type { Workshop } from './workshop.ts';

const SeenReplica = z.strictObject({ name: z.string(), source: z.string(), mark: z.string() });

/** Makes replicas of instances on our own machines, by a base backup and streaming replication. */
export class PlainMaker implements ReplicaMaker {
  readonly #workshop: Workshop;

  constructor(workshop: Workshop) {
    this.#workshop = workshop;
  }

  isReplica({ settings }: Instance): boolean {
    return settings.source === MADE_HERE;
  }

  planCreate(wanted: WantedReplica): Promise<ReplicaPlan> {
    return planCreate(this.#workshop, wanted);
  }

  async create(work: ReplicaWork): Promise<ReplicaReceipt> {
    const seen = seenBy(SeenSource, work.seen);
    const { name } = seen;
    const { estate } = this.#workshop;
    const { environment, request, signal } = work;
    const source = await estate.find(environment, seen.source);
    const order = { ...seen, environment, request, slot: slotNameOf(name, seen.mark) };
    const began = performance.now();
    try {
      const record = await this.#workshop.alone(name, signal, () => makeReplica(this.#workshop, source, order, work));
      return this.#made(record, (performance.now() - began) / 1000);
    } finally {
      await estate.refresh();
    }
  }

  async observeCreate({ seen, signal }: LostWork): Promise<ObservationInput> {
    const { name, mark } = seenBy(SeenSource, seen);
    const settled = await this.#workshop.ifFree(name, async (): Promise<ObservationInput> => {
      const record = await this.#workshop.folder.read(name);
      if (record?.mark !== mark) return { status: 'not_started' };
      if (record.state === 'ready') return { status: 'succeeded', output: this.#made(record) };
      // A copy that is whole is worth more than to begin again.
      if (record.state === 'following') return this.#finish(record, signal);
      await takeAway(this.#workshop, record, { signal, log: () => {} });
      return { status: 'not_started' };
    });
    await this.#workshop.estate.refresh();
    return settled ?? { status: 'running' };
  }

  async #finish(record: ReplicaRecord, signal: AbortSignal): Promise<ObservationInput> {
    try {
      const source = await this.#workshop.estate.find(record.environment, record.source);
      const ready = await finished(this.#workshop, source, record);
      return ready === undefined ? { status: 'running' } : { status: 'succeeded', output: this.#made(ready) };
    } catch (error) {
      if (!(error instanceof PermanentFailure)) throw error;
      await takeAway(this.#workshop, record, { signal, log: () => {} });
      const { message, remedy } = error;
      return { status: 'failed', failure: { kind: 'permanent', message, ...(remedy !== undefined && { remedy }) } };
    }
  }

  async planDelete({ replica }: UnwantedReplica): Promise<ReplicaPlan> {
    const { name } = replica;
    const record = this.isReplica(replica) ? await this.#workshop.folder.read(name) : undefined;
    if (record === undefined) {
      refuse(`'${name}' is no replica that Guichet has made.`, {
        remedy:
          'Only those are deleted: create-read-replica makes them, and postgres instances -o wide shows where each is from.',
      });
    }
    const sessions = await sessionsOn(replica);
    return {
      effects: [
        `Its server is stopped, and its ${formatBytes(record.bytes)} (when it was made) are removed from ${this.#workshop.folder.pathsOf(name).home}.`,
        `The replication slot '${record.slot}' on '${record.source}' is dropped; '${record.source}' itself stays as it is.`,
      ],
      warnings: sessions === undefined || sessions.count === 0 ? [] : [endOf(sessions)],
      seen: { name, source: record.source, mark: record.mark } satisfies z.infer<typeof SeenReplica>,
      rests: { mark: record.mark },
      again: { sourceInstance: record.source, replicaSuffix: name.slice(record.source.length + 1) },
    };
  }

  async delete(work: ReplicaWork): Promise<ReplicaReceipt> {
    const { name, source, mark } = seenBy(SeenReplica, work.seen);
    try {
      return await this.#workshop.alone(name, work.signal, async () => {
        const record = await this.#workshop.folder.read(name);
        if (record?.mark !== mark) return gone(name, source, 'It was gone already; nothing was touched.');
        await takeAway(this.#workshop, record, work);
        return gone(name, source, `The replica '${name}' of '${source}' is deleted`);
      });
    } finally {
      await this.#workshop.estate.refresh();
    }
  }

  async observeDelete({ seen }: LostWork): Promise<ObservationInput> {
    const { name, source, mark } = seenBy(SeenReplica, seen);
    const record = await this.#workshop.folder.read(name);
    if (record?.mark !== mark) return { status: 'succeeded', output: gone(name, source, `The replica '${name}' is gone`) };
    // What has begun is finished by the keeper, whoever began it.
    if (record.state === 'deleting') return { status: 'running' };
    return (await this.#workshop.ifFree(name, async () => ({ status: 'not_started' as const }))) ?? { status: 'running' };
  }

  #made(record: ReplicaRecord, seconds?: number): ReplicaReceipt {
    const { name, source, environment, port, slot, bytes } = record;
    const { host } = this.#workshop.settings;
    return {
      kind: 'record',
      summary: `The replica '${name}' of '${source}' can be used: it listens at ${host}:${port} and follows its source`,
      fields: [
        { key: 'instance', title: 'Instance', type: 'code', value: name },
        { key: 'source', title: 'Source', type: 'code', value: source },
        { key: 'address', title: 'Address', type: 'code', value: `${host}:${port}` },
        { key: 'size', title: 'Copied', type: 'bytes', value: bytes },
        { key: 'slot', title: 'Replication slot', type: 'code', value: slot },
        ...(seconds === undefined
          ? []
          : [{ key: 'duration', title: 'Took', type: 'duration' as const, value: Math.round(seconds * 10) / 10 }]),
      ],
      notes: [`See how it follows: ${commandLine('instances', { env: environment })}`],
    };
  }
}

function gone(name: string, source: string, summary: string): ReplicaReceipt {
  return {
    kind: 'record',
    summary,
    fields: [
      { key: 'instance', title: 'Instance', type: 'code', value: name },
      { key: 'source', title: 'Source', type: 'code', value: source },
    ],
  };
}

interface Sessions {
  readonly count: number;
  readonly applications: readonly string[];
}

/** Who reads there now; undefined when the replica cannot be asked, which keeps nobody from deleting it. */
async function sessionsOn({ observer }: Instance): Promise<Sessions | undefined> {
  try {
    const [row] = await observer.query<Sessions>(`
      select count(*)::int as count, coalesce(array_agg(distinct nullif(application_name, '')) filter (where application_name <> ''), '{}') as applications
      from pg_stat_activity where backend_type = 'client backend' and application_name <> 'guichet' and application_name not like 'guichet %'`);
    return row;
  } catch (error) {
    if (error instanceof InstanceError) return undefined;
    throw error;
  }
}

function endOf({ count, applications }: Sessions): string {
  const names = applications.slice(0, 5).join(', ');
  return `${counted(count, 'session')} on it ${count === 1 ? 'ends' : 'end'}${names === '' ? '' : ` (${names})`}.`;
}

function seenBy<Schema extends z.ZodType>(schema: Schema, seen: unknown): z.output<Schema> {
  const parsed = schema.safeParse(seen);
  if (parsed.success) return parsed.data;
  throw new PermanentFailure('The run names nothing that a plan has seen.', { remedy: 'File the request again.' });
}
