import { expect, test } from 'vitest';
import { Lanes } from '../src/lanes.ts';

/** A lane of these; `done` are those that were worked on. */
function laneOf(items: string[], work: (item: string) => Promise<void> = async () => {}) {
  const done: string[] = [];
  const lane = {
    take: async () => items.shift(),
    work: async (item: string) => {
      done.push(item);
      await work(item);
    },
  };
  return { lane, done };
}

const gate = () => {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), opened };
};

test('what fails in a way that nobody foresaw is told, and holds up none behind it', async () => {
  const errors: unknown[] = [];
  const lanes = new Lanes({ onError: (error) => errors.push(error) });
  const { lane, done } = laneOf(['one', 'two', 'three'], async (item) => {
    if (item === 'one') throw new TypeError('nobody foresaw this');
  });
  lanes.start('flags', lane);
  await expect.poll(() => done).toEqual(['one', 'two', 'three']);
  expect(errors).toMatchObject([{ message: 'nobody foresaw this' }]);
  await lanes.stop();
});

test('a lane that hangs holds up no other, is not begun twice, and is waited for at the stop', async () => {
  const lanes = new Lanes({ onError: () => {} });
  const { open, opened } = gate();
  const hanging = laneOf(['one', 'two'], () => opened);
  const twice = laneOf(['never']);
  const other = laneOf(['three']);
  lanes.start('hanging', hanging.lane);
  lanes.start('hanging', twice.lane);
  lanes.start('other', other.lane);
  await expect.poll(() => other.done).toEqual(['three']);
  const stopped = lanes.stop();
  open();
  await stopped;
  expect(hanging.done).toEqual(['one']);
  expect(twice.done).toEqual([]);
});

test('a lane that cannot be looked at is told, and can be begun again', async () => {
  const errors: unknown[] = [];
  const lanes = new Lanes({ onError: (error) => errors.push(error) });
  lanes.start('flags', { take: () => Promise.reject(new Error('away')), work: async () => {} });
  await expect.poll(() => errors).toHaveLength(1);
  const { lane, done } = laneOf(['one']);
  lanes.start('flags', lane);
  await expect.poll(() => done).toEqual(['one']);
  await lanes.stop();
});
