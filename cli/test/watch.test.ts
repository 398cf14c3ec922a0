import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import { GuichetError, type Output } from '@guichet/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseHandlers } from './support/catalogue.ts';
import { type Home, makeHome, type RunOptions, type Terminal } from './support/run-cli.ts';
import { afterwards, screenOf } from './support/screen.ts';

/** A table of so many sessions; the answer with that number. */
function sessions(count: number, answer = 1): Output {
  return {
    kind: 'table',
    columns: [
      { key: 'pid', title: 'Pid', type: 'code', wide: false },
      { key: 'application', title: 'Application', type: 'text', wide: false },
    ],
    rows: Array.from({ length: count }, (_, index) => ({ pid: 1000 + index, application: `app-${answer}-${index}` })),
    notes: ['3 sessions wait for locks.'],
    empty: 'Nobody is there.',
  };
}

let server: RouteServer;
let home: Home;
let answers: (() => Output)[];
beforeEach(async () => {
  answers = [];
  let asked = 0;
  server = await serveRoutes({
    ...baseHandlers(),
    'actions.read': () => {
      const answer = answers[Math.min(asked, answers.length - 1)];
      asked += 1;
      return { output: answer?.() ?? sessions(2) };
    },
  });
  home = makeHome(server.url);
});
afterEach(async () => {
  home[Symbol.dispose]();
  await server.close();
});

const refuse =
  (message: string, code: GuichetError['code'] = 'action.refused') =>
  (): Output => {
    throw new GuichetError(code, message, { remedy: 'Do something.' });
  };

const watch = (watching: readonly string[], options: RunOptions = {}) =>
  home.run(['postgres', 'activity', '--instance', 'pg1', '-e', 'staging', ...watching], {
    now: new Date(2026, 10, 21, 10, 42, 7),
    ...options,
  });

const reads = (): number => server.calls.filter(({ route }) => route === 'actions.read').length;

/** Somebody who does the next thing as soon as the screen shows what they wait for: press keys, or change the size. */
function someone(
  size: { columns: number; rows: number },
  steps: readonly (readonly [sees: RegExp, does: string | [number, number]])[],
) {
  const left = [...steps];
  const seen: string[][] = [];
  const terminal: Terminal = {
    ...size,
    person(written, resize) {
      const screen = screenOf(written, terminal.rows);
      const [next] = left;
      if (next === undefined || !next[0].test(screen.join('\n'))) return undefined;
      left.shift();
      seen.push(screen);
      if (typeof next[1] === 'string') return next[1];
      [terminal.columns, terminal.rows] = next[1];
      setImmediate(resize);
      return undefined;
    },
  };
  return { terminal, seen };
}

describe('on a terminal, --watch', () => {
  it('draws the answer under who, where, when and how often, and leaves it behind when somebody presses q', async () => {
    const { terminal, seen } = someone({ columns: 78, rows: 12 }, [[/app-1-1/, 'q']]);
    const { exit, stdout, stderr } = await watch(['--watch'], { terminal });
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(seen[0]).toEqual([
      'guichet postgres activity --instance pg1 · staging · 10:42:07 · every 2s',
      '',
      'PID   APPLICATION',
      '1000  app-1-0',
      '1001  app-1-1',
      '3 sessions wait for locks.',
      '',
      '',
      '',
      '',
      '',
      'q quit   p pause   +/- interval   / filter   ↑↓ scroll',
    ]);
    expect(afterwards(stdout)).toBe(
      'guichet postgres activity --instance pg1 · staging · 10:42:07 · every 2s\n\nPID   APPLICATION\n1000  app-1-0\n1001  app-1-1\n3 sessions wait for locks.\n',
    );
  });

  it('writes only the lines that differ, in one write, and clears nothing before it draws', async () => {
    answers = [() => sessions(3), () => ({ ...sessions(3), notes: ['4 sessions wait for locks.'] })];
    const { terminal } = someone({ columns: 78, rows: 12 }, [
      [/3 sessions wait/, '+'],
      [/4 sessions wait/, 'q'],
    ]);
    const { stdout } = await watch(['--watch=2'], { terminal });
    const frames = stdout
      .replaceAll('\u001b', '^')
      .split('^[?2026h')
      .slice(1)
      .map((frame) => frame.split('^[?2026l')[0]);
    expect(frames).toEqual([
      expect.stringContaining('PID'),
      '^[1;1Hguichet postgres activity --instance pg1 · staging · 10:42:07 · every 5s^[K',
      '^[7;1H4 sessions wait for locks.^[K',
    ]);
  });

  it('shows only what fits, with its notes, says how much more there is, and scrolls', async () => {
    answers = [() => sessions(40)];
    const { terminal, seen } = someone({ columns: 78, rows: 10 }, [
      [/35 more rows/, '\u001b[6~'],
      [/rows 6 to 10 of 40/, 'G'],
      [/rows 36 to 40 of 40/, 'q'],
    ]);
    await watch(['--watch'], { terminal });
    expect(seen[0]).toEqual([
      expect.stringContaining('every 2s'),
      'PID   APPLICATION',
      ...[0, 1, 2, 3, 4].map((index) => `${1000 + index}  app-1-${index}`),
      '… 35 more rows',
      '3 sessions wait for locks.',
      expect.stringContaining('q quit'),
    ]);
    expect(seen[2]?.[6]).toBe('1039  app-1-39');
  });

  it('shows each of 2,000 rows to whoever scrolls to it', async () => {
    answers = [() => sessions(2000)];
    const { terminal } = someone({ columns: 78, rows: 24 }, [
      [/1982 more rows/, 'G'],
      [/1999 *app-1-999|app-1-1999/, '/1-1234\r'],
      [/filter: 1-1234/, 'q'],
    ]);
    const { stdout } = await watch(['--watch'], { terminal });
    expect(afterwards(stdout)).toMatch(/^2234 {2}app-1-1234$/m);
    const { stdout: plain } = await watch([]);
    expect(plain.match(/app-1-/g)).toHaveLength(2000);
  });

  it('draws anew for the new size of the terminal', async () => {
    answers = [() => sessions(40)];
    const { terminal, seen } = someone({ columns: 78, rows: 10 }, [
      [/35 more rows/, [40, 20]],
      [/26 more rows/, 'q'],
    ]);
    await watch(['--watch'], { terminal });
    expect(seen[1]?.[0]).toMatch(/^guichet .*… · 10:42:07 · every 2s$/);
    expect(seen[1]?.[0]?.length).toBe(40);
    expect(seen[1]?.at(-1)).toBe('q quit   p pause   +/- interval   / fil…');
  });

  it('keeps the last answer when a newer one does not come, and says why above it', async () => {
    answers = [() => sessions(2), refuse("The instance 'pg1' cannot be reached."), () => sessions(2, 3)];
    const { terminal, seen } = someone({ columns: 120, rows: 12 }, [
      [/app-1-1/, '-'],
      [/cannot be reached/, '+'],
      [/app-3-1/, 'q'],
    ]);
    const { exit } = await watch(['--watch'], { terminal });
    expect(exit).toBe(0);
    expect(seen[1]?.[0]).toMatch(/ · staging · 10:42:07 · every 1s$/);
    expect(seen[1]?.[1]).toBe("10:42:07 The instance 'pg1' cannot be reached. Do something.");
    expect(seen[1]?.join('\n')).toContain('app-1-1');
    expect(seen[2]?.[1]).toBe('');
  });

  it('says it in the first line where the screen has no other to spare', async () => {
    answers = [() => sessions(2), refuse("The instance 'pg1' cannot be reached.")];
    const { terminal, seen } = someone({ columns: 60, rows: 8 }, [
      [/app-1-1/, '-'],
      [/The instance/, 'q'],
    ]);
    await watch(['--watch'], { terminal });
    expect(seen[1]?.[0]).toBe("10:42:07 · every 1s · 10:42:07 The instance 'pg1' cannot be…");
  });

  it('asks no more by itself when asking again would be refused again', async () => {
    answers = [() => sessions(2), refuse('You may not.', 'policy.denied'), () => sessions(2, 3)];
    const { terminal, seen } = someone({ columns: 120, rows: 12 }, [
      [/app-1-1/, '-'],
      [/paused\n.*You may not/, 'p'],
      [/app-3-1/, 'q'],
    ]);
    await watch(['--watch'], { terminal });
    expect(seen[1]?.join('\n')).toContain('p go on');
    expect(reads()).toBe(3);
  });

  it('pauses, goes on, and changes how often it asks', async () => {
    answers = [1, 2, 3].map((answer) => () => sessions(1, answer));
    const { terminal } = someone({ columns: 120, rows: 12 }, [
      [/every 2s/, 'p'],
      [/paused/, 'p'],
      [/app-2-0/, '+'],
      [/app-3-0/, 'q'],
    ]);
    const { stdout } = await watch(['--watch'], { terminal });
    expect(afterwards(stdout)).toContain('every 5s');
    expect(reads()).toBe(3);
  });

  it('filters by what is typed, shows what is typed, and forgets it on Esc', async () => {
    answers = [() => sessions(12)];
    const { terminal, seen } = someone({ columns: 78, rows: 20 }, [
      [/app-1-11/, '/1'],
      [/\n\/1 /, '-11\r'],
      [/filter: 1-11/, '\u001b'],
      [/app-1-2\n(?:.*\n)*.*\/ filter {3}/, 'q'],
    ]);
    await watch(['--watch'], { terminal });
    expect(seen[2]?.filter((line) => line.includes('app-'))).toEqual(['1011  app-1-11']);
    expect(seen[3]?.filter((line) => line.includes('app-'))).toHaveLength(12);
  });

  it('gives the terminal back on Ctrl-C, also while it waits for an answer', async () => {
    const { terminal } = someone({ columns: 78, rows: 12 }, [[/app-1-1/, '\u0003']]);
    const { exit, stdout } = await watch(['--watch=60'], { terminal });
    expect(exit).toBe(0);
    const modes = [...stdout.replaceAll('\u001b', '^').matchAll(/\^\[\?(\d+)([hl])/g)].map(([, mode, on]) => `${mode}${on}`);
    for (const mode of ['1049', '25', '7', '2026']) {
      const last = modes.filter((one) => one.startsWith(mode) && one.length === mode.length + 1).at(-1);
      expect(last).toBe(`${mode}${mode === '25' || mode === '7' ? 'h' : 'l'}`);
    }
  });

  it('shows nothing of a first answer that does not come, but the error as ever', async () => {
    answers = [refuse('There is no such instance.')];
    const { exit, stdout, stderr } = await watch(['--watch'], { terminal: { columns: 78, rows: 12 } });
    expect({ exit, stdout }).toEqual({ exit: 9, stdout: '' });
    expect(stderr).toContain('There is no such instance.');
  });

  it('cuts at the edge what -o wide leaves uncut', async () => {
    answers = [() => ({ ...sessions(1), rows: [{ pid: 1000, application: 'x'.repeat(100) }], notes: [] })];
    const { terminal, seen } = someone({ columns: 40, rows: 8 }, [[/1000 {2}x+…/, 'q']]);
    const { stdout } = await watch(['--watch', '-o', 'wide'], { terminal });
    expect(seen[0]?.find((line) => line.includes('xxx'))?.replace('[0m', '')).toBe(`1000  ${'x'.repeat(33)}…`);
    expect(afterwards(stdout)).toContain('x'.repeat(100));
  });

  it('draws trees and empty answers too', async () => {
    answers = [
      () => ({ kind: 'tree', roots: [{ label: '14024', children: [{ label: '14031' }] }] }),
      () => ({ ...sessions(0), notes: [] }),
    ];
    const { terminal, seen } = someone({ columns: 78, rows: 12 }, [
      [/└── 14031/, '-'],
      [/Nobody is there/, 'q'],
    ]);
    await watch(['--watch'], { terminal });
    expect(seen[1]?.join()).not.toContain('14031');
  });
});

describe('into a pipe, --watch', () => {
  it('is refused without a format for programs, with what to do instead', async () => {
    const { exit, stderr } = await watch(['--watch']);
    expect(exit).toBe(2);
    expect(stderr).toContain('not a terminal');
    expect(stderr).toContain('-o json');
    expect(reads()).toBe(0);
  });

  it('prints one line of JSON for each answer, tells what passes, and ends at what does not', async () => {
    answers = [() => sessions(1), refuse('It is down.'), () => sessions(1, 3), refuse('You may not.', 'policy.denied')];
    const { exit, stdout, stderr } = await watch(['--watch=1', '-o', 'json']);
    expect(exit).toBe(4);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([sessions(1), sessions(1, 3)]);
    const told = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { code: string });
    expect(told.map(({ code }) => code)).toEqual(['action.refused', 'policy.denied']);
  });

  it.each(['0.5', '61', '2m', 'often', '0'])('takes 1 to 60 seconds, not %s', async (seconds) => {
    const { exit, stderr } = await watch([`--watch=${seconds}`, '-o', 'json']);
    expect(exit).toBe(2);
    expect(stderr).toContain('--watch takes 1 to 60 seconds');
  });

  it('is refused beside --output-file', async () => {
    expect(await watch(['--watch', '--output-file', 'x', '-o', 'json'])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('--output-file exclude each other'),
    });
  });
});
