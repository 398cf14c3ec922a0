import type { Choice } from '@guichet/contract';
import { PermanentFailure, refuse } from '@guichet/sdk';
import type { z } from 'zod';
import type { Estate, Instance } from '../estate.ts';
import { type RdsSettings, rdsLabel } from '../inventory/config.ts';
import { matchesFuzzily } from '../nearest.ts';
import type { ReplicaMaker, ReplicaReceipt } from '../replica/maker.ts';
import type { RdsApi } from './rds-api.ts';
import { classesOf } from './rds-objections.ts';
import { createReplica, observeCreation } from './replica-create.ts';
import { deleteReplica, observeDeletion, planDeletion, SeenDeletion } from './replica-delete.ts';
import { planCreation, SeenCreation } from './replica-plan.ts';

/** What is offered changes rarely, and asking takes seconds. In ms. */
const OFFERS_KEPT_MS = 3_600_000;
const OFFERS_MS = 4000;
const MOST_CHOICES = 200;

export interface RdsAccount {
  readonly settings: RdsSettings;
  readonly api: RdsApi;
}

interface MakerOptions {
  readonly accounts: readonly RdsAccount[];
  readonly estate: Estate;
  /** Path of the table of prices. */
  readonly prices: string;
}

/** Makes and deletes read replicas by the API of RDS. */
export function rdsMaker({ accounts, estate, prices }: MakerOptions): ReplicaMaker {
  const byLabel = new Map(accounts.map((account) => [rdsLabel(account.settings), account]));
  const offers = new Map<string, { readonly classes: readonly string[]; readonly until: number }>();

  const accountOf = (label: string): RdsAccount =>
    byLabel.get(label) ??
    refuse(`${label} is not in the configuration of the provider any more.`, { remedy: 'Ask the team that runs it.' });
  const apiOf = (instance: Instance): RdsApi => accountOf(instance.settings.rds?.account ?? '').api;
  const creationOf = (seen: unknown) => {
    const parsed = shaped(SeenCreation, seen);
    const { api, settings } = accountOf(parsed.account);
    return { api, seen: parsed, pollSeconds: settings.pollSeconds, tags: settings.tags };
  };
  const deletionOf = (seen: unknown) => {
    const parsed = shaped(SeenDeletion, seen);
    const { api, settings } = accountOf(parsed.account);
    return { api, seen: parsed, pollSeconds: settings.pollSeconds };
  };

  return {
    planCreate: (wanted) => planCreation(apiOf(wanted.source), wanted, prices),

    async create(work) {
      const creation = creationOf(work.seen);
      const receipt = await createReplica(creation, work);
      return listed(receipt, await estate.look(work.environment, creation.seen.name));
    },

    async observeCreate(lost) {
      const observed = await observeCreation(creationOf(lost.seen), lost);
      if (observed.status === 'succeeded') await estate.refresh();
      return observed;
    },

    planDelete: (unwanted) => planDeletion(apiOf(unwanted.replica), unwanted),

    async delete(work) {
      const receipt = await deleteReplica(deletionOf(work.seen), work);
      await estate.refresh();
      return receipt;
    },

    async observeDelete(lost) {
      const observed = await observeDeletion(deletionOf(lost.seen), lost);
      if (observed.status === 'succeeded') await estate.refresh();
      return observed;
    },

    async instanceTypes(source, { query, signal }) {
      const api = apiOf(source);
      const facts = source.settings.rds;
      const within = AbortSignal.any([signal, AbortSignal.timeout(OFFERS_MS)]);
      const found = await api.describe(facts?.identifier ?? source.name, within);
      const version = found?.EngineVersion ?? '';
      const key = `${facts?.account} ${version}`;
      let known = offers.get(key);
      if (known === undefined || known.until < performance.now()) {
        const classes = classesOf(await api.offers({ engine: 'postgres', version }, within));
        known = { classes, until: performance.now() + OFFERS_KEPT_MS };
        offers.set(key, known);
      }
      return known.classes
        .filter((instanceClass) => matchesFuzzily(query, instanceClass))
        .slice(0, MOST_CHOICES)
        .map((value): Choice => ({ value, ...(value === found?.DBInstanceClass && { detail: 'the class of the source' }) }));
    },

    isReplica: ({ settings }) => settings.rds?.replicaOf !== undefined,
  };
}

/** What another version of this provider has planned may have another shape. */
function shaped<Shape extends z.ZodType>(shape: Shape, seen: unknown): z.output<Shape> {
  const parsed = shape.safeParse(seen);
  if (parsed.success) return parsed.data;
  throw new PermanentFailure('The plan of this run is of another version of the provider.', {
    remedy: 'File the request again.',
  });
}

/** Says so when the inventory does not show what was made. */
function listed(receipt: ReplicaReceipt, instance: Instance | undefined): ReplicaReceipt {
  if (instance !== undefined) return receipt;
  const note = 'It is not in the inventory yet: postgres instances says what keeps it out.';
  return { ...receipt, notes: [...(receipt.notes ?? []), note] };
}
