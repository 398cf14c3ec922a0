import { EXIT, GuichetError, OPERATIONS, type PolicyExplained } from '@guichet/contract';
import { Option } from 'commander';
import { oneOf } from '../command.ts';
import { durationFlag } from '../duration.ts';
import { namingFlags } from '../name-flags.ts';
import type { Canvas } from '../output/canvas.ts';
import { clean } from '../output/clean.ts';
import { wrap } from '../output/width.ts';
import { decisionLine, rulesText } from '../policy/rules-text.ts';
import { decisionText } from '../request/plan-text.ts';
import { readRequestId } from '../request/request-id.ts';
import { addExamples, type Given, type Leaf, numberFlag, textFlag } from './leaf.ts';

export const policyExplain: Leaf = {
  define(command) {
    command
      .argument('[request]', 'REQ-12, or just 12: may it run? With --as: may they approve it?')
      .option('--action <id>', 'An action that could be called, such as postgres.terminate-session')
      .option('-e, --env <environment>', 'Where')
      .option('--service <name>', 'The service that what it acts on belongs to')
      .option('--owner <team>', "The team that owns what it acts on (default: the service's, else the provider's own)")
      .option('--resource <type:id>', 'What it acts on, such as postgres.instance:pg1')
      .option('--input <json>', 'What rules that look at the input see of it')
      .addOption(new Option('--for <duration>', 'Asked for so long, such as 2h').argParser(durationFlag('--for')))
      .option('--as <who>', 'As somebody else: a person, or machine:NAME. It is recorded that you asked')
      .addOption(
        new Option('--operation <operation>', 'What is asked for, such as request.cancel').argParser(
          oneOf('--operation', OPERATIONS),
        ),
      );
    addExamples(command, [
      'guichet policy explain REQ-12',
      'guichet policy explain REQ-12 --as amine',
      'guichet policy explain --action postgres.terminate-session --env production --owner payments --as nadia',
      'guichet policy explain --action orders.hold --env production --for 8h',
      'guichet policy explain --operation audit.see --as machine:ci-orders',
    ]);
  },
  async run(shell, given) {
    const client = await shell.client();
    const asked = client.call('policy.explain', { body: bodyOf(given), signal: shell.context.interrupt });
    const explained = await namingFlags(asked, { flags: FLAGS, help: 'guichet policy explain' });
    await shell.show(explained, () => explainedText(explained, shell.canvas));
    return EXIT.ok;
  },
};

const FLAGS = {
  '/as': '--as',
  '/owner': '--owner',
  '/service': '--service',
  '/action': '--action',
  '/environment': '--env',
  '/operation': '--operation',
  '/input': '--input',
  '/lastsSeconds': '--for',
} as const;

function bodyOf({ args, flags }: Given) {
  const action = textFlag(flags, 'action');
  const environment = textFlag(flags, 'env');
  const owner = textFlag(flags, 'owner');
  const service = textFlag(flags, 'service');
  const resource = textFlag(flags, 'resource');
  const input = textFlag(flags, 'input');
  const lastsSeconds = numberFlag(flags, 'for');
  const as = textFlag(flags, 'as');
  const operation = OPERATIONS.find((known) => known === flags['operation']);
  if (args[0] === undefined && action === undefined && operation === undefined)
    throw new GuichetError('usage.invalid', 'Missing: what to explain.', {
      remedy: 'Name a request (guichet policy explain REQ-12), or a call: --action postgres.terminate-session --env production.',
    });
  if (action !== undefined && environment === undefined)
    throw new GuichetError('usage.invalid', 'Missing: --env.', { remedy: 'Say where: --env production.' });
  return {
    ...(args[0] !== undefined && { request: readRequestId(args[0]) }),
    ...(action !== undefined && { action }),
    ...(environment !== undefined && { environment }),
    ...(owner !== undefined && { owner }),
    ...(service !== undefined && { service }),
    ...(resource !== undefined && { resource: readResource(resource) }),
    ...(input !== undefined && { input: readInput(input) }),
    ...(lastsSeconds !== undefined && { lastsSeconds }),
    ...(operation !== undefined && { operation }),
    ...(as !== undefined && { as }),
  };
}

function readResource(text: string): { type: string; id: string } {
  const at = text.indexOf(':');
  if (at > 0 && at < text.length - 1) return { type: text.slice(0, at), id: text.slice(at + 1) };
  throw new GuichetError('usage.invalid', `--resource must be TYPE:ID, not '${text}'.`, {
    remedy: 'Such as postgres.instance:pg1.',
  });
}

function readInput(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // said below, with all that is no object
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new GuichetError('usage.invalid', '--input must be a JSON object.', { remedy: `Such as '{"instance":"pg1"}'.` });
}

const OF_ACTIONS: Readonly<Record<string, string>> = {
  'action.see': 'see',
  'action.plan': 'plan',
  'action.read': 'read',
  'action.submit': 'ask for',
  'action.run': 'run',
};

function explainedText(explained: PolicyExplained, canvas: Canvas): string {
  const { paint, width } = canvas;
  const { decision, rules, errors, changes } = explained;
  const lines = [
    paint.bold(wrap(questionInWords(explained), { width, indent: 2 })),
    decision.effect === 'permit' ? paint.green('Yes: nothing stands in the way.') : decisionText(decision, canvas),
    '',
    paint.bold('Because of'),
    rulesText(rules, canvas),
    ...errors.map((error) => paint.red(`  This could not be evaluated, so it is denied: ${clean(error)}`)),
    '',
    paint.bold('It would be otherwise'),
  ];
  if (changes.length === 0) lines.push('  with none of the changes that were tried: another environment, owner, team, or token.');
  for (const { what, decision: then } of changes)
    lines.push(`  • ${decisionLine(then, { what: `${clean(what)}:`, canvas: { ...canvas, width: width - 4 }, indent: 4 })}`);
  return lines.join('\n');
}

const THINGS: Readonly<Record<string, string>> = {
  'audit.see': 'see the audit log',
  'directory.see': 'see people, teams and services',
  'policy.see': 'see the policies',
  'policy.test': 'test policies',
};

/** `May Nadia Benali ask for postgres.terminate-session in production, owned by team 'payments'?` */
function questionInWords({ principal, operation, action, environment, resource, request }: PolicyExplained): string {
  const [noun = '', verb = ''] = operation.split('.');
  const owned = resource === null ? '' : `, owned by team '${clean(resource.owner)}'`;
  const what = action === null ? '' : ` ${clean(action)}${environment === null ? '' : ` in ${clean(environment)}`}${owned}`;
  const name = clean(principal.name);
  if (request !== null && operation === 'action.run') return `May ${request} run for ${name}?  (${what.trim()})`;
  if (request !== null) return `May ${name} ${verb.replaceAll('_', ' ')} ${request}?  (${what.trim()})`;
  const ofAction = OF_ACTIONS[operation];
  return ofAction === undefined || action === null
    ? `May ${name} ${THINGS[operation] ?? `${verb.replaceAll('_', ' ')} a ${noun}`}?`
    : `May ${name} ${ofAction}${what}?`;
}
