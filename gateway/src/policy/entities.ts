import type { CedarCall, EntityJson, EntityUid } from './cedar.ts';
import type { Question } from './question.ts';
import { groupsOf, providerOf, resourceTypeOf } from './vocabulary.ts';

/** What Cedar is asked about a question, and what is true of it that only we know. */
export interface Facts {
  /** Gates that count as lifted. */
  readonly lifted: readonly string[];
  /** True when the principal filed it, or owns it. */
  readonly own: boolean;
  /** True when the principal is among those who may lift one of its gates. */
  readonly approver: boolean;
}

const uid = (type: string, id: string): { type: string; id: string } => ({ type, id });
const reference = (type: string, id: string) => ({ __entity: uid(type, id) });

/** The call for a question, with the entities that it is about and no others. */
export function cedarCall(question: Question, facts: Facts): CedarCall {
  const principal = principalEntity(question);
  const { entity: resource, action, context } = subject(question, facts);
  return { principal, action, resource, context };
}

function principalEntity({ principal }: Question): EntityJson {
  const { id, kind, name = '', email, manager, teams, onCall } = principal;
  const own = id.slice(id.indexOf(':') + 1);
  const parents: EntityUid[] = teams.map((team) => uid('Team', team));
  if (kind === 'machine') return { uid: uid('Machine', own), attrs: { name }, parents };
  const attrs = {
    name,
    ...(email !== undefined && { email }),
    ...(manager !== null && { manager: reference('User', manager.replace('user:', '')) }),
  };
  return { uid: uid('User', own), attrs, parents: [...parents, ...onCall.map((team) => uid('OnCall', team))] };
}

interface Subject {
  readonly action: EntityJson;
  readonly entity: EntityJson;
  readonly context: Record<string, unknown>;
}

function subject(question: Question, facts: Facts): Subject {
  const { operation, action, environment } = question;
  if (action !== undefined && (operation === 'action.read' || operation === 'action.submit' || operation === 'action.run')) {
    const input = question.input === undefined ? {} : plainFields(question.input);
    const isWrite = operation !== 'action.read';
    return {
      action: { uid: uid('Action', action.id), attrs: {}, parents: groupsOf(action).map((group) => uid('Action', group)) },
      entity: isWrite ? resourceEntity(question) : offerEntity(question),
      context: {
        environment: environment ?? '',
        risk: action.risk,
        input,
        ...(isWrite && { approvals: [...facts.lifted] }),
        ...(isWrite && question.lastsSeconds !== undefined && { lastsSeconds: question.lastsSeconds }),
      },
    };
  }
  const type = resourceTypeOf(operation);
  const placed = type === 'Offer' || type === 'Request';
  return {
    action: { uid: uid('Action', operation), attrs: {}, parents: [] },
    entity: fixedEntity(type, question, facts),
    context: placed && environment !== undefined ? { environment } : {},
  };
}

function fixedEntity(type: ReturnType<typeof resourceTypeOf>, question: Question, { own, approver }: Facts): EntityJson {
  const { context, resource } = question;
  switch (type) {
    case 'Offer':
      return offerEntity(question);
    case 'Request': {
      const owner = resource?.owner ?? '';
      const attrs = { owner: reference('Team', owner), onCall: reference('OnCall', owner), own, approver };
      return { uid: uid('Request', 'request'), attrs, parents: placeOf(question, owner) };
    }
    case 'Token': {
      const team = context?.tokenOwner?.team;
      return {
        uid: uid('Token', 'token'),
        attrs: { own, ...(team !== undefined && { team: reference('Team', team) }) },
        parents: [],
      };
    }
    case 'Session':
      return { uid: uid('Session', 'session'), attrs: { own }, parents: [] };
    case 'Schedule':
      return { uid: uid('Schedule', 'schedule'), attrs: { own, owner: reference('Team', resource?.owner ?? '') }, parents: [] };
    case 'Gateway':
      return { uid: uid('Gateway', 'gateway'), attrs: {}, parents: [] };
  }
}

function resourceEntity(question: Question): EntityJson {
  const { type = '', id = '', owner = '', service } = question.resource ?? {};
  return {
    uid: uid('Resource', `${type}:${id}`),
    attrs: { type, id, owner: reference('Team', owner), onCall: reference('OnCall', owner) },
    parents: [...placeOf(question, owner), ...(service === undefined ? [] : [uid('Service', service)])],
  };
}

function offerEntity(question: Question): EntityJson {
  const { id = '', kind = '', risk = '', team = '' } = question.action ?? {};
  return {
    uid: uid('Offer', id),
    attrs: { owner: reference('Team', team), kind, risk },
    parents: [...placeOf(question, team), uid('Provider', providerOf(id))],
  };
}

function placeOf({ environment }: Question, owner: string): EntityUid[] {
  return [uid('Team', owner), ...(environment === undefined ? [] : [uid('Environment', environment)])];
}

/**
 * Texts, whole numbers and flags at the top of an input: what the schema knows of it. Throws for a whole number that Cedar
 * cannot hold exactly: a rule that asks whether the field is there would be passed by leaving it out.
 */
function plainFields(input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  for (const [name, value] of Object.entries(input))
    if (Number.isInteger(value) && !Number.isSafeInteger(value))
      throw new Error(`the number of '${name}' is too large to be exact`);
  return Object.fromEntries(
    Object.entries(input).filter(
      ([, value]) => typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value),
    ),
  );
}
