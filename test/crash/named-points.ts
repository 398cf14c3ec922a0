/**
 * The points at which a long storm must have killed somebody. A process comes to points that are named by what it does at
 * that moment, such as `commit of request.approved + request.queued, sent`; one of these stands for all that contain it.
 */
export interface NamedPoint {
  readonly name: string;
  readonly covers: (role: 'gateway' | 'provider', point: string) => boolean;
}

/** What is told in the transaction whose commit it is. */
const COMMITS = [
  ...['submitted', 'approved', 'queued', 'rejected', 'withdrawn', 'started', 'dispatched', 'succeeded', 'failed'],
  ...['cancel_requested', 'cancelled', 'lost', 'settled', 'requeued', 'resolved'],
  ...['undo_scheduled', 'undo_filed', 'undone'],
].map((event) => `request.${event}`);
const FIRINGS = ['firing-add', 'firing-end'];
const MOMENTS = ['before', 'sent', 'after'];
/** Statements that commit by themselves. */
const WRITES = ['run-renew', 'run-append', 'run-to-observe', 'undo-take-due', 'firing-take'];
const CALLS: Readonly<Record<string, readonly string[]>> = {
  plan: ['before', 'sent', 'answered', 'first byte', 'at the end'],
  run: ['before', 'sent', 'answered', 'first byte', 'in the middle', 'with the result', 'at the end'],
  observe: ['before', 'sent', 'answered', 'first byte', 'at the end'],
};
const PROVIDER = ['plan', 'run, before the effect', 'run, after the effect', 'run, after the result', 'observe'];

const committing = (what: string, moment: string): NamedPoint => ({
  name: `gateway: commit of ${what}, ${moment}`,
  covers: (role, point) =>
    role === 'gateway' &&
    point.startsWith('commit of ') &&
    point.endsWith(`, ${moment}`) &&
    point.slice('commit of '.length, -`, ${moment}`.length).split(' + ').includes(what),
});
const exactly = (role: 'gateway' | 'provider', point: string): NamedPoint => ({
  name: `${role}: ${point}`,
  covers: (atRole, at) => atRole === role && at === point,
});

export const NAMED_POINTS: readonly NamedPoint[] = [
  ...[...COMMITS, ...FIRINGS].flatMap((what) => MOMENTS.map((moment) => committing(what, moment))),
  ...WRITES.flatMap((write) => MOMENTS.map((moment) => exactly('gateway', `write of ${write}, ${moment}`))),
  ...Object.entries(CALLS).flatMap(([phase, moments]) => moments.map((at) => exactly('gateway', `call of ${phase}, ${at}`))),
  ...PROVIDER.map((point) => exactly('provider', point)),
];

/** How many died at each named point. */
export function coverage(kills: ReadonlyMap<string, number>): Map<string, number> {
  return new Map(
    NAMED_POINTS.map(({ name, covers }) => {
      const died = [...kills].map(([at, count]) => {
        const [role, point] = split(at);
        return covers(role, point) ? count : 0;
      });
      return [name, died.reduce((sum, count) => sum + count, 0)];
    }),
  );
}

/** Where somebody can die, as one name: `gateway: call of plan, sent`. */
export const placeOf = (role: 'gateway' | 'provider', point: string): string => `${role}: ${point}`;

function split(place: string): ['gateway' | 'provider', string] {
  const role = place.startsWith('gateway: ') ? 'gateway' : 'provider';
  return [role, place.slice(role.length + 2)];
}
