/** Functions that run in the page that is measured: they use nothing from outside of themselves. */

declare global {
  interface Window {
    /** Put there by the functions below. */
    __bench: { rowsAt: number; longTasks: number[]; events: Map<number, number>; renewals: number };
  }
}

/** Notes when the first row of a table is there, tasks that block for long, and how long what one does takes to be seen. */
export function watchPage(): void {
  const bench: Window['__bench'] = { rowsAt: 0, longTasks: [], events: new Map(), renewals: 0 };
  window.__bench = bench;
  const look = new MutationObserver(() => {
    if (document.querySelector('tbody tr [data-row-target]') === null) return;
    bench.rowsAt = performance.now();
    look.disconnect();
  });
  look.observe(document, { childList: true, subtree: true });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) bench.longTasks.push(duration);
  }).observe({ type: 'longtask', buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEntry & { interactionId: number })[]) {
      if (entry.interactionId === 0) continue;
      bench.events.set(entry.interactionId, Math.max(bench.events.get(entry.interactionId) ?? 0, entry.duration));
    }
    // The least that browsers tell of; what is not told was faster.
  }).observe({ type: 'event', buffered: true, durationThreshold: 16 } as PerformanceObserverInit);
}

/**
 * Renews what renews itself every one or two seconds 30 times a second instead. The first answer of the read is the gateway's;
 * later ones are made of it here, older by each renewal and with other states: the page alone is measured, not a server.
 */
export function hurryUp(): void {
  const setInterval = window.setInterval.bind(window);
  const hurried = (work: TimerHandler, ms?: number, ...rest: unknown[]): number =>
    setInterval(work, ms !== undefined && ms >= 1000 && ms <= 2000 ? 33 : ms, ...rest);
  window.setInterval = hurried as typeof window.setInterval; // Node's types of it do not belong here
  const fetch = window.fetch.bind(window);
  let first: { output: { rows: Record<string, unknown>[] } } | undefined;
  window.fetch = async (input, init) => {
    if (!String(input).endsWith('/v1/actions/postgres.activity/read')) return fetch(input, init);
    if (first === undefined) {
      const answer = await fetch(input, init);
      first = await answer.clone().json();
      return answer;
    }
    const renewals = ++window.__bench.renewals;
    const rows = first.output.rows.map((row, index) => ({
      ...row,
      transactionAge: Number(row['transactionAge'] ?? 0) + renewals / 30,
      statementAge: Number(row['statementAge'] ?? 0) + renewals / 30,
      state: (index + renewals) % 7 === 0 ? 'idle in transaction' : row['state'],
    }));
    return new Response(JSON.stringify({ output: { ...first.output, rows } }), {
      headers: { 'content-type': 'application/json' },
    });
  };
}

/** Scrolls what scrolls in the page by `step` px in each frame, down and up; the ms between frames. */
export async function scrollFrames({ seconds, step }: { seconds: number; step: number }): Promise<number[]> {
  const scrolled = [...document.querySelectorAll('*')].filter(
    (element) => element.scrollHeight > element.clientHeight + 1000 && /auto|scroll/.test(getComputedStyle(element).overflowY),
  );
  const target = scrolled.sort((a, b) => b.scrollHeight - a.scrollHeight)[0] ?? document.documentElement;
  const frames: number[] = [];
  const until = performance.now() + seconds * 1000;
  let last = performance.now();
  let direction = 1;
  while (last < until) {
    const now = await new Promise<number>((frame) => requestAnimationFrame(frame));
    frames.push(now - last);
    last = now;
    const before = target.scrollTop;
    target.scrollTop += step * direction;
    if (target.scrollTop === before) direction = -direction;
  }
  return frames.slice(1);
}

/** The ms between frames of a page that is only looked at. */
export async function idleFrames(seconds: number): Promise<number[]> {
  const frames: number[] = [];
  const until = performance.now() + seconds * 1000;
  let last = performance.now();
  while (last < until) {
    const now = await new Promise<number>((frame) => requestAnimationFrame(frame));
    frames.push(now - last);
    last = now;
  }
  return frames.slice(1);
}
