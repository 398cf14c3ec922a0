import { type RouteServer, type ServedStream, serveRoutes } from '@guichet/client/testing';
import { EXIT, GuichetError, REQUEST_STATES, type Request, type RequestState } from '@guichet/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXIT_OF_STATE } from '../src/request/exit-code.ts';
import { baseHandlers, makeRequest, PLANNED } from './support/catalogue.ts';
import { type Home, makeHome, type RunOptions } from './support/run-cli.ts';

let server: RouteServer;
let home: Home;
beforeEach(async () => {
  server = await serveRoutes(baseHandlers());
  home = makeHome(server.url);
});
afterEach(async () => {
  home[Symbol.dispose]();
  await server.close();
});

const bodyOf = (route: string): unknown => server.calls.findLast((call) => call.route === route)?.body;
const terminate = (flags: readonly string[], options?: RunOptions) =>
  home.run(['postgres', 'terminate-session', '--instance', 'pg1', '--pid', '14024', '-e', 'production', ...flags], options);
const REASON = ['--reason', 'migration stuck'];

/** The gateway files the request and tells these events of it; then it is as `end` says. */
function tell(end: Request, events: (stream: ServedStream) => void): void {
  server.handlers['requests.submit'] = () => makeRequest('awaiting_approval');
  server.handlers['requests.show'] = () => end;
  server.handlers['requests.events'] = events;
}

const AMINE = { id: 'user:amine', name: 'Amine Diallo' };

it('shows the plan, files it with the plan that was shown, tells what happens and prints the receipt', async () => {
  tell(makeRequest('succeeded'), (stream) => {
    stream.send({ number: 2, type: 'request.approved', actor: AMINE, data: { comment: 'go' } });
    stream.send({ number: 3, type: 'run.log', data: { level: 'info', message: 'signal sent' } });
    stream.send({ number: 4, type: 'run.progress', data: { done: 1, total: 4, message: 'waiting' } });
    stream.send({ number: 5, type: 'request.succeeded', data: { result: 'stopped' } });
  });
  const { exit, stdout, stderr } = await terminate(REASON);
  expect(exit).toBe(0);
  expect(stdout).toBe('✓ stopped, 4 sessions freed\n  Freed  4\n');
  expect(stderr).toContain("Plan: ends the session of 'orders-migration' (pid 14024), frees 4 waiting sessions");
  expect(stderr).toContain('• Its transaction is rolled back');
  expect(stderr).toContain('! The client may connect again');
  expect(stderr).toContain("REQ-12 · Waiting for 1 approval from team 'payments' …");
  expect(stderr).toContain('Approved by Amine Diallo: go');
  expect(stderr).toContain('[█████░░░░░░░░░░░░░░░] 25% · waiting');
  expect(bodyOf('requests.submit')).toEqual({
    action: 'postgres.terminate-session',
    environment: 'production',
    input: { instance: 'pg1', pid: 14024 },
    reason: 'migration stuck',
    fingerprint: 'as-it-was',
  });
});

it.each(['--approval-description', '--comment'])('takes the reason from %s too', async (flag) => {
  tell(makeRequest('succeeded'), (stream) => stream.send({ number: 2, type: 'request.succeeded' }));
  await terminate([flag, 'because of it']);
  expect(bodyOf('requests.submit')).toMatchObject({ reason: 'because of it' });
});

it('changes nothing with --plan', async () => {
  const { exit, stdout } = await terminate(['--plan']);
  expect(exit).toBe(0);
  expect(stdout).toContain("Needs 1 approval from team 'payments'.");
  expect(JSON.parse((await terminate(['--plan', '-o', 'json'])).stdout)).toEqual(PLANNED);
  expect(server.calls.map(({ route }) => route)).not.toContain('requests.submit');
});

it('lists the reason as missing when an approver will want one and nobody can be asked', async () => {
  const { exit, stderr } = await terminate([]);
  expect(exit).toBe(2);
  expect(stderr).toContain('Missing: --reason.');
});

it('files nothing that policy denies', async () => {
  server.handlers['actions.plan'] = () => ({
    ...PLANNED,
    decision: { effect: 'deny', reasons: [{ policy: 'token-scope', message: 'This token does not cover it.' }] },
  });
  const { exit, stderr } = await terminate(REASON);
  expect(exit).toBe(EXIT.denied);
  expect(stderr).toContain('This token does not cover it.');
  expect(stderr).toContain("'token-scope'");
});

it('runs at once what needs nobody, without a reason', async () => {
  server.handlers['actions.plan'] = () => ({
    ...PLANNED,
    decision: { effect: 'permit', policies: ['everyone-writes'] },
  });
  tell(makeRequest('succeeded'), (stream) => stream.send({ number: 2, type: 'request.succeeded' }));
  expect((await terminate([])).exit).toBe(0);
  expect(bodyOf('requests.submit')).not.toHaveProperty('reason');
});

it('submits once even when the answer is lost on the way', async () => {
  let lost = false;
  tell(makeRequest('succeeded'), (stream) => stream.send({ number: 2, type: 'request.succeeded' }));
  server.handlers.raw = (request) => {
    if (lost || request.url !== '/v1/requests') return false;
    lost = true;
    request.socket.destroy();
    return true;
  };
  expect((await terminate(REASON)).exit).toBe(0);
  const keys = server.calls.filter(({ route }) => route === 'requests.submit').map(({ headers }) => headers['idempotency-key']);
  expect(keys).toHaveLength(2);
  expect(new Set(keys).size).toBe(1);
});

it('uses the idempotency key that it is given', async () => {
  tell(makeRequest('succeeded'), (stream) => stream.send({ number: 2, type: 'request.succeeded' }));
  await terminate([...REASON, '--idempotency-key', 'deploy-7']);
  expect(server.calls.find(({ route }) => route === 'requests.submit')?.headers['idempotency-key']).toBe('deploy-7');
});

it('prints only the id with --no-wait', async () => {
  server.handlers['requests.submit'] = () => makeRequest('awaiting_approval');
  expect(await terminate([...REASON, '--no-wait'])).toMatchObject({ exit: 0, stdout: 'REQ-12\n' });
  expect(JSON.parse((await terminate([...REASON, '--no-wait', '-o', 'json'])).stdout)).toMatchObject({ id: 'REQ-12' });
});

it('prints the final request as one document with -o json, and all else on stderr', async () => {
  tell(makeRequest('succeeded'), (stream) => stream.send({ number: 2, type: 'request.succeeded' }));
  const { stdout, stderr } = await terminate([...REASON, '-o', 'json']);
  expect(JSON.parse(stdout)).toEqual(makeRequest('succeeded'));
  expect(stderr).toContain('Plan:');
});

const LAST: Partial<Record<RequestState, Parameters<ServedStream['send']>[0]['type']>> = {
  succeeded: 'request.succeeded',
  failed: 'request.failed',
  cancelled: 'request.cancelled',
  rejected: 'request.rejected',
  withdrawn: 'request.withdrawn',
  expired: 'request.expired',
  void: 'request.voided',
  unknown: 'request.lost',
};

describe('the exit code', () => {
  it.each(Object.entries(LAST) as [RequestState, NonNullable<(typeof LAST)[RequestState]>][])(
    'of a request that ends %s is its own',
    async (state, type) => {
      const failure = { code: 'run.failed', message: 'disk full', retryable: false };
      tell(makeRequest(state, { failure: state === 'failed' ? failure : null }), (stream) =>
        stream.send({ number: 2, type, data: { observable: false } }),
      );
      const { exit } = await terminate(REASON);
      expect(exit).toBe(EXIT_OF_STATE[state]);
    },
  );

  it('differs between all ends', () => {
    const ends = REQUEST_STATES.filter((state) => LAST[state] !== undefined).map((state) => EXIT_OF_STATE[state]);
    expect(new Set(ends).size).toBe(ends.length);
  });

  it('comes with why: the comment of who rejected, the failure, the plan that it would be now', async () => {
    tell(makeRequest('rejected', { decidedBy: AMINE, comment: 'after the sale' }), (stream) =>
      stream.send({ number: 2, type: 'request.rejected' }),
    );
    expect((await terminate(REASON)).stdout).toBe('✗ Rejected by Amine Diallo: after the sale\n');
    const drift = { ...PLANNED.plan, summary: 'frees 9 sessions' };
    const failure = { code: 'plan.drifted', message: 'Things have moved.', retryable: false };
    tell(makeRequest('void', { failure, drift }), (stream) => stream.send({ number: 2, type: 'request.voided' }));
    expect((await terminate(REASON)).stdout).toContain('Void: Things have moved.\n  It would now be: frees 9 sessions');
  });
});

describe('waiting', () => {
  it('ends with 124 when the time is over, and says that the request goes on', async () => {
    tell(makeRequest('awaiting_approval'), () => {});
    const { exit, stderr } = await terminate([...REASON, '--timeout', '200ms']);
    expect(exit).toBe(EXIT.waitTimeout);
    expect(stderr).toContain('REQ-12 has not ended after 200ms. It goes on.');
    expect(stderr).toContain('guichet requests watch REQ-12');
  });

  it('ends with 130 on Ctrl-C, and says how to go on, stop or look', async () => {
    tell(makeRequest('awaiting_approval'), (stream) =>
      stream.send({ number: 2, type: 'run.log', data: { message: 'still here' } }),
    );
    const { exit, stderr } = await terminate(REASON, { interruptAfter: 'still here' });
    expect(exit).toBe(EXIT.interrupted);
    expect(stderr).toContain('REQ-12 goes on without you.');
    expect(stderr).toContain('guichet requests withdraw REQ-12');
  });

  it('advises to cancel, not to withdraw, once the request was approved before Ctrl-C', async () => {
    tell(makeRequest('awaiting_approval'), (stream) => {
      stream.send({ number: 2, type: 'request.approved' });
      stream.send({ number: 3, type: 'request.queued' });
      stream.send({ number: 4, type: 'run.log', data: { message: 'still here' } });
    });
    const { stderr } = await terminate(REASON, { interruptAfter: 'still here' });
    expect(stderr).toContain('guichet requests cancel REQ-12');
    expect(stderr).not.toContain('withdraw');
  });

  it('goes on after a cut, and says so', async () => {
    let connections = 0;
    tell(makeRequest('succeeded'), (stream) => {
      connections += 1;
      if (connections === 1) {
        stream.send({ number: 2, type: 'request.started' });
        setTimeout(() => stream.cut(), 50);
      } else stream.send({ number: 3, type: 'request.succeeded' });
    });
    const { exit, stderr } = await terminate(REASON);
    expect(exit).toBe(0);
    expect(stderr).toContain('The connection to the gateway was cut; the request goes on. Connecting again …');
    expect(stderr).toContain('Connected again.');
    expect(stderr.match(/Started/g)).toHaveLength(1);
  });

  it('goes on when the end of a run is unknown but the provider can still say', async () => {
    tell(makeRequest('succeeded'), (stream) => {
      stream.send({ number: 2, type: 'request.lost', data: { message: 'the worker vanished', observable: true } });
      stream.send({ number: 3, type: 'request.settled', data: { status: 'succeeded' } });
      stream.send({ number: 4, type: 'request.succeeded' });
    });
    const { exit, stderr } = await terminate(REASON);
    expect(exit).toBe(0);
    expect(stderr).toContain('Nobody knows how the run ended: the worker vanished');
  });
});

it('tells when the plan is another by the time it is filed', async () => {
  server.handlers['requests.submit'] = () => {
    throw new GuichetError('plan.drifted', 'Things have moved: the plan is now: frees 9 sessions', {
      remedy: 'Look at the new plan and submit again.',
    });
  };
  const { exit, stderr } = await terminate(REASON);
  expect(exit).toBe(EXIT.conflict);
  expect(stderr).toContain('frees 9 sessions');
});
