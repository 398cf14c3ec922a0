import type { CedarCall, EntityJson, EntityUid, PolicyJson } from './cedar.ts';

/**
 * What some rules can see of a question. All else is left out before Cedar is asked: it could not change the answer, each
 * part costs time, and two questions that differ in nothing that the rules look at are the same question.
 */
export class Sight {
  /** Attributes of entities and of the context that are read, or asked for with `has`. */
  readonly #attributes = new Set<string>();
  /** `TYPE::id` of each entity that is named. */
  readonly #named = new Set<string>();
  /** Types of which an entity is named. */
  readonly #types = new Set<string>();
  /** Variables that stand by themselves, so that all of what they are may count. */
  readonly #whole = new Set<string>();

  constructor(rules: readonly PolicyJson[]) {
    for (const { principal, action, resource, conditions } of rules) {
      for (const head of [principal, action, resource]) this.#literal(head);
      for (const { body } of conditions) this.#look(body);
    }
  }

  /** The same question without what the rules cannot see. */
  of({ principal, action, resource, context }: CedarCall): CedarCall {
    return {
      principal: this.#entity(principal, 'principal'),
      action: this.#entity(action, 'action'),
      resource: this.#entity(resource, 'resource'),
      context: this.#whole.has('context') ? context : this.#seen(context),
    };
  }

  #entity(entity: EntityJson, variable: string): EntityJson {
    const { uid, attrs, parents } = entity;
    const { type, id } = bare(uid);
    // Entities that rules may come to through an attribute (`resource.owner`) are compared with who asks and what they are in.
    const isKept = variable !== 'resource' || this.#types.has(type) || this.#whole.has(variable);
    return {
      uid: { type, id: isKept ? id : '' },
      attrs: this.#seen(attrs),
      parents: variable === 'action' ? parents.filter((parent) => this.#named.has(nameOf(parent))) : parents,
    };
  }

  #seen<T>(record: Readonly<Record<string, T>>): Record<string, T> {
    return Object.fromEntries(Object.entries(record).filter(([name]) => this.#attributes.has(name)));
  }

  /** An expression of Cedar's JSON format: an object of one operator, whose operands are expressions by name or in a row. */
  #look(node: unknown): void {
    if (!isObject(node)) return;
    for (const [operator, operands] of Object.entries(node)) {
      if (operator === 'Var') this.#whole.add(String(operands));
      else if (operator === 'Value') this.#literal(operands);
      else if (isObject(operands)) this.#operation(operator, operands);
    }
  }

  #operation(operator: string, operands: Readonly<Record<string, unknown>>): void {
    const { left, ...others } = operands;
    if (operator === '.' || operator === 'has') for (const name of [operands['attr']].flat()) this.#attributes.add(String(name));
    // What a variable has, is in, or is of, is not all that it is.
    const isPartly = ['.', 'has', 'in', 'is'].includes(operator) && isObject(left) && 'Var' in left;
    for (const operand of isPartly ? Object.values(others) : Object.values(operands)) this.#look(operand);
  }

  /** Entities anywhere in it. */
  #literal(value: unknown): void {
    if (!isObject(value)) return;
    if (typeof value['type'] === 'string' && typeof value['id'] === 'string') {
      this.#types.add(value['type']);
      this.#named.add(`${value['type']}::${value['id']}`);
    }
    for (const part of Object.values(value)) this.#literal(part);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

const bare = (uid: EntityUid): { type: string; id: string } => ('__entity' in uid ? uid.__entity : uid);

function nameOf(uid: EntityUid): string {
  const { type, id } = bare(uid);
  return `${type}::${id}`;
}
