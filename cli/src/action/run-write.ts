import { EXIT, type ExitCode, GuichetError, type Planned, type Request, type Risk } from '@guichet/contract';
import { Interrupted } from '../context.ts';
import { formatCell } from '../output/cell.ts';
import { clean } from '../output/clean.ts';
import { followRequest } from '../request/follow.ts';
import { breakGlass, brokenText, confirmGlass, type Emergency, readEmergency } from '../request/glass.ts';
import { decisionText, planText } from '../request/plan-text.ts';
import { standingText } from '../request/request-text.ts';
import { showEnd } from '../request/settle.ts';
import type { Shell } from '../shell.ts';
import { parseStart, readZone } from '../zoned-time.ts';
import type { ReadyCall } from './ready-call.ts';

/** A write: its plan is shown, then it is filed, followed and its receipt printed. */
export async function runWrite(ready: ReadyCall): Promise<ExitCode> {
  const { shell, flags, action, environment, input } = ready;
  const client = await shell.client();
  const emergency = emergencyOf(ready);
  const terms = termsOf(ready);
  const planned = await client.call('actions.plan', {
    params: { action: action.id },
    body: { environment, input, ...(terms.lastsSeconds !== undefined && { lastsSeconds: terms.lastsSeconds }) },
    signal: shell.context.interrupt,
  });
  if (flags['plan'] === true) {
    await shell.show(planned, () => `${planText(planned.plan, shell.canvas)}\n${decisionText(planned.decision, shell.canvas)}`);
    return EXIT.ok;
  }
  shell.say(planText(planned.plan, shell.asideCanvas));
  if (planned.decision.effect === 'deny') throw deniedBy(planned.decision);
  if (planned.decision.effect === 'needs') shell.say(decisionText(planned.decision, shell.asideCanvas));
  const reason = emergency?.reason ?? (await reasonFor(ready, planned));
  if (planned.decision.effect === 'permit') await confirm({ shell, flags, risk: action.risk, environment });
  else if (emergency !== undefined && flags['yes'] !== true)
    await confirmGlass(shell, {
      word: emergency.incident,
      message: `It runs at once in ${environment}, and every approver is told.`,
    });
  const filed = await submit(ready, { planned, reason, terms });
  const request = emergency === undefined ? filed : await passGates(shell, filed, emergency);
  if (request.startAt !== null)
    shell.say(`It starts no sooner than ${formatCell(request.startAt, 'timestamp', shell.asideCanvas).text}.`);
  // Nobody watches a request that begins next week.
  return follow(shell, request, terms.startAt === undefined ? flags : { ...flags, wait: false });
}

/** What has been filed is followed to its end, unless --no-wait. */
export async function follow(shell: Shell, request: Request, flags: ReadyCall['flags']): Promise<ExitCode> {
  if (flags['wait'] === false) {
    await shell.show(request, () => request.id);
    if (!shell.forPrograms) shell.say(`guichet requests watch ${request.id} follows it.`);
    return EXIT.ok;
  }
  shell.say(shell.aside.bold(standingText(request)));
  const timeout = typeof flags['timeout'] === 'number' ? flags['timeout'] : undefined;
  // What happened up to here was just said; of a run whose end is unknown all is worth saying.
  const after = request.state === 'unknown' ? 0 : request.lastEvent;
  const ended = await followRequest(shell, request, { after, timeout });
  if (isConnectable(ended)) return (await import('../connect/connect.ts')).connect(shell, ended, flags);
  return showEnd(shell, ended, flags['outputFile']);
}

/** It has opened something that the caller can connect to. */
const isConnectable = ({ output, allowed }: Request): boolean => output?.kind === 'connection' && allowed.includes('connect');

interface Terms {
  readonly lastsSeconds?: number;
  readonly startAt?: string;
}

/** For how long, and from when: --for and --at. */
function termsOf({ shell, flags }: ReadyCall): Terms {
  const seconds = flags['for'];
  const at = textOf(flags['at']);
  const timezone = textOf(flags['timezone']);
  if (at === undefined && timezone !== undefined)
    throw new GuichetError('usage.invalid', '--timezone goes with --at.', { remedy: 'Add it, or leave both out.' });
  if (at !== undefined && flags['breakGlass'] === true)
    throw new GuichetError('usage.invalid', '--at and --break-glass exclude each other.', {
      remedy: 'An emergency does not wait; what waits can be approved.',
    });
  const zone = readZone('--timezone', timezone);
  const start = at === undefined ? undefined : parseStart('--at', at, { zone, now: shell.context.now() });
  if (start?.note !== undefined) shell.say(shell.aside.yellow(start.note));
  return {
    ...(typeof seconds === 'number' && { lastsSeconds: Math.round(seconds) }),
    ...(start !== undefined && { startAt: start.at.toISOString() }),
  };
}

/** The emergency for which its gates are to be passed; undefined without --break-glass. */
function emergencyOf({ flags }: ReadyCall): Emergency | undefined {
  const incident = textOf(flags['incident']);
  if (flags['breakGlass'] === true) return readEmergency(incident, givenReason(flags));
  if (incident !== undefined)
    throw new GuichetError('usage.invalid', '--incident goes with --break-glass.', { remedy: 'Add it, or leave both out.' });
  return undefined;
}

/** Breaks the glass of what was just filed, where there is one. */
async function passGates(shell: Shell, filed: Request, emergency: Emergency): Promise<Request> {
  if (filed.state !== 'awaiting_approval') {
    shell.say('It needed nobody: it runs at once, and no glass was broken.');
    return filed;
  }
  try {
    const broken = await breakGlass(shell, filed, emergency);
    shell.say(shell.aside.red(brokenText(filed, broken)));
    return broken;
  } catch (error) {
    if (!(error instanceof GuichetError)) throw error;
    const { code, message, errors, details } = error;
    throw new GuichetError(code, `${message} ${filed.id} is filed all the same, and waits for its approvals.`, {
      remedy: `guichet requests watch ${filed.id} follows it, guichet requests withdraw ${filed.id} takes it back.`,
      errors,
      details,
      cause: error,
    });
  }
}

const textOf = (flag: unknown): string | undefined => (typeof flag === 'string' ? flag : undefined);

const givenReason = (flags: ReadyCall['flags']): string | undefined =>
  textOf(flags['reason'] ?? flags['approvalDescription'] ?? flags['comment']);

export function deniedBy(decision: Extract<Planned['decision'], { effect: 'deny' }>): GuichetError {
  const message = decision.reasons.map((reason) => clean(reason.message)).join(' ');
  return new GuichetError('policy.denied', message || 'Policy does not allow it.', {
    remedy:
      decision.reasons.length === 0
        ? undefined
        : `Set by policy ${decision.reasons.map(({ policy }) => `'${clean(policy)}'`).join(', ')}.`,
    details: { decision },
  });
}

/** The reason that was given, asked for when an approver will want one and nobody gave it. */
export async function reasonFor(
  { shell, flags }: Pick<ReadyCall, 'shell' | 'flags'>,
  { decision }: Planned,
): Promise<string | undefined> {
  const given = givenReason(flags);
  if (given !== undefined) return given;
  if (decision.effect !== 'needs') return undefined;
  if (!shell.interactive || flags['input'] === '-')
    throw new GuichetError('usage.invalid', 'Missing: --reason.', {
      errors: [{ field: '--reason', message: 'This needs an approval, and whoever approves needs to know why' }],
      remedy: 'Add it: --reason "migration stuck, orders are timing out".',
    });
  const { askText } = await import('../prompt/ask.ts');
  return askText(shell, {
    message: 'Why? Whoever approves reads this',
    check: (text) => (text.trim().length < 3 ? 'Say why, in at least 3 characters.' : undefined),
  });
}

/** What would run at once is asked for once more where somebody can answer. */
export async function confirm({
  shell,
  flags,
  risk,
  environment,
}: Pick<ReadyCall, 'shell' | 'flags' | 'environment'> & { risk: Risk }): Promise<void> {
  if (flags['yes'] === true || !shell.interactive || flags['input'] === '-') return;
  const { askYesNo } = await import('../prompt/ask.ts');
  const goOn = await askYesNo(shell, {
    message: `Run it now in ${environment}? Nobody else has to approve it`,
    fallback: risk !== 'destructive',
  });
  if (!goOn) throw new Interrupted('Nothing was done.');
}

async function submit(
  { shell, flags, action, environment, input }: ReadyCall,
  { planned, reason, terms }: { planned: Planned; reason: string | undefined; terms: Terms },
): Promise<Request> {
  const client = await shell.client();
  const key = flags['idempotencyKey'];
  return client.call('requests.submit', {
    body: {
      action: action.id,
      environment,
      input,
      ...(reason !== undefined && { reason }),
      fingerprint: planned.plan.fingerprint,
      ...terms,
    },
    // Made once for each invocation: a repeat after a broken connection files nothing twice.
    idempotencyKey: typeof key === 'string' ? key : globalThis.crypto.randomUUID(),
    signal: shell.context.interrupt,
  });
}
