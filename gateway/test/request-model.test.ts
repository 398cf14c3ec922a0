import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EMPTY, KINDS, type Kind, type Model, PEOPLE, type Step } from './model/parts.ts';
import { comparable, next } from './model/request-model.ts';
import { World } from './model/request-world.ts';

/** GUICHET_MODEL_RUNS=500 for a long run; GUICHET_MODEL_SEED to see a failure again. */
const RUNS = Number(process.env['GUICHET_MODEL_RUNS'] ?? 30);
const SEED = Number(process.env['GUICHET_MODEL_SEED'] ?? Math.floor(Math.random() * 1_000_000));

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

const at = fc.nat({ max: 3 });
const kinds = Object.keys(KINDS) as Kind[]; // its own keys
const submit = fc.record({
  do: fc.constant('submit' as const),
  kind: fc.constantFrom(...kinds),
  thing: fc.constantFrom('this' as const, 'that' as const),
});
const decide = fc.record({
  do: fc.constantFrom('approve' as const, 'approve' as const, 'reject' as const, 'withdraw' as const, 'cancel' as const),
  who: fc.constantFrom(...PEOPLE),
  at,
});
const unusual = fc.oneof(
  fc.record({ do: fc.constant('undo' as const), who: fc.constantFrom(...PEOPLE), at }),
  fc.record({ do: fc.constant('time_over' as const), at }),
  fc.record({
    do: fc.constant('resolve' as const),
    who: fc.constantFrom(...PEOPLE),
    at,
    outcome: fc.constantFrom('succeeded' as const, 'failed' as const, 'not_started' as const),
  }),
);
const report = fc.record({
  do: fc.constantFrom('dispatch' as const, 'succeed' as const, 'fail' as const, 'confirm_cancel' as const, 'lose' as const),
  at,
});
const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: submit },
  { weight: 6, arbitrary: decide },
  { weight: 5, arbitrary: fc.constant({ do: 'claim' as const }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('dispatch' as const), at }) },
  { weight: 5, arbitrary: report },
  { weight: 12, arbitrary: unusual },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('requeue' as const), at, unsent: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('crash' as const), at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass_time' as const), at }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('observe' as const),
      at,
      status: fc.constantFrom(
        'succeeded' as const,
        'failed' as const,
        'not_started' as const,
        'running' as const,
        'unknown' as const,
      ),
    }),
  },
);
/** One actor alone, or two at once. */
const arbitraryTurn = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(arbitraryStep) },
  { weight: 1, arbitrary: fc.tuple(arbitraryStep, arbitraryStep) },
);

/** The model after a turn: of two steps at once, in the order that the database shows. */
async function after(model: Model, turn: readonly Step[]): Promise<Model> {
  const orders = turn.length === 1 ? [turn] : [turn, [...turn].reverse()];
  const models = orders.map((order) => order.reduce(next, model));
  const seen = await world.seen();
  const match = models.find((each) => JSON.stringify(comparable(each)) === JSON.stringify(seen));
  if (match === undefined) expect(seen).toEqual(comparable(models[0] ?? model));
  return match ?? model;
}

const ALONE: ReadonlySet<Step['do']> = new Set(['submit', 'undo', 'time_over', 'claim', 'pass_time']);
/** Two who file, or who claim, at once would leave open which of them was first, and nothing else. */
const isClear = (turn: readonly Step[]): boolean => turn.length === 1 || !turn.some((step) => ALONE.has(step.do));

test('whatever people, workers, crashes and time do in whatever order, the database is as the model says, and every invariant holds', {
  timeout: RUNS * 30_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryTurn.filter(isClear), { minLength: 1, maxLength: 40, size: 'max' }), async (turns) => {
      await world.begin();
      let model = EMPTY;
      // Something to act on: what waits for approvals, what can be undone, what can be claimed.
      for (const turn of [
        [{ do: 'submit', kind: 'two', thing: 'this' }],
        [{ do: 'submit', kind: 'temp', thing: 'this' }],
        [{ do: 'claim' }],
        [{ do: 'dispatch', at: 0 }],
        [{ do: 'succeed', at: 0 }],
        [{ do: 'submit', kind: 'free', thing: 'this' }],
        ...turns,
      ] as const) {
        await Promise.all(turn.map((step) => world.take(step)));
        model = await after(model, turn);
        expect(await world.broken()).toEqual([]);
      }
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: false },
  );
});
