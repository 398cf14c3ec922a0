import { ActionName, type FieldError, type Manifest, ManifestAction } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { SecretFields } from '@guichet/contract/secrets';
import { z } from 'zod';
import type { AnyDefinition, ProviderAction } from './action.ts';
import { jsonCopy, NotJsonError, pointerStep } from './json.ts';

/** An action that was found sound: what the manifest says of it, and what calls it. */
export interface DescribedAction {
  readonly manifest: ManifestAction;
  readonly definition: AnyDefinition;
  /** The input's schema, closed: fields that it does not name are refused. */
  readonly input: z.ZodObject;
  /** Undefined when no field is secret. */
  readonly secretFields: SecretFields | undefined;
}

/** A provider without its ways in: what answers a call needs no more. */
export interface DescribedProvider {
  readonly name: string;
  readonly manifest: Manifest;
  /** The actions by name. */
  readonly actions: ReadonlyMap<string, DescribedAction>;
}

/** What is wrong with a definition. `field` is where, e.g. `actions/cancel-query/examples/0/input/pid`. */
export type Findings = FieldError[];

/** Describes one action, or returns undefined after having added to the findings why it cannot. */
export function describeAction(action: ProviderAction, findings: Findings): DescribedAction | undefined {
  const before = findings.length;
  const at = `actions/${action.name}`;
  const { definition } = action;
  if (!ActionName.safeParse(action.name).success) {
    findings.push({ field: at, message: 'the name must be lower-case words joined by hyphens and dots, e.g. topics.delete' });
  }
  checkHandlers(definition, at, findings);
  const input = closedInput(definition, at, findings);
  if (input === undefined) return undefined;
  checkOptions(definition, input, at, findings);
  checkExamples(definition, input, at, findings);
  const schema = inputSchema(input, at, findings);
  if (schema === undefined || findings.length > before) return undefined;
  const secretFields = secretFieldsOf(definition, schema, at, findings);
  if (definition.tunnel !== undefined && secretFields !== undefined)
    findings.push({
      field: `${at}/tunnel`,
      message: 'is called long after the run, and secret fields of the input are not kept so long',
    });
  const manifest = describe(action, { schema, secretFields, findings });
  return manifest && { manifest, definition, input, secretFields };
}

function secretFieldsOf(
  definition: AnyDefinition,
  schema: Record<string, unknown>,
  at: string,
  findings: Findings,
): SecretFields | undefined {
  try {
    const fields = SecretFields.of(schema);
    for (const field of Object.keys(definition.options ?? {}))
      if (fields?.covers(field)) findings.push({ field: `${at}/options/${field}`, message: 'a secret field offers no choices' });
    return fields;
  } catch (error) {
    findings.push({ field: `${at}/input`, message: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

function checkHandlers(definition: AnyDefinition, at: string, findings: Findings): void {
  // Authors in plain JavaScript have no types to lean on, so presence is checked here too.
  const { plan, observe, run, undo, tunnel, lasts }: Partial<Record<string, unknown>> = { ...definition };
  const absent = (handler: unknown) => typeof handler !== 'function';
  if (absent(run)) findings.push({ field: `${at}/run`, message: 'is missing: every action has a run handler' });
  if (definition.kind === 'write') {
    if (absent(plan)) {
      findings.push({ field: `${at}/plan`, message: 'is missing: a write must say in words what it would change' });
    }
    if (observe !== undefined && absent(observe)) findings.push({ field: `${at}/observe`, message: 'must be a function' });
    if (undo !== undefined && (typeof undo !== 'object' || undo === null || !('input' in undo) || absent(undo.input)))
      findings.push({ field: `${at}/undo`, message: 'must name an action, and have a function that gives its input' });
    checkTunnel(definition, at, findings);
  } else {
    if (plan !== undefined) findings.push({ field: `${at}/plan`, message: 'a read has no plan; is it a write?' });
    if (observe !== undefined)
      findings.push({ field: `${at}/observe`, message: 'a read has nothing to observe; is it a write?' });
    if (undo !== undefined) findings.push({ field: `${at}/undo`, message: 'a read leaves nothing to undo; is it a write?' });
    if (tunnel !== undefined || lasts !== undefined)
      findings.push({
        field: `${at}/${tunnel === undefined ? 'lasts' : 'tunnel'}`,
        message: 'a read leaves nothing behind; is it a write?',
      });
    if (definition.risk !== 'safe')
      findings.push({ field: `${at}/risk`, message: "a read changes nothing, so its risk is 'safe'" });
  }
}

function checkTunnel({ tunnel, lasts, undo, output }: AnyDefinition, at: string, findings: Findings): void {
  if (tunnel !== undefined && typeof tunnel !== 'function')
    findings.push({ field: `${at}/tunnel`, message: 'must be a function' });
  if (tunnel !== undefined && output !== 'connection')
    findings.push({ field: `${at}/tunnel`, message: "leads somewhere: its output is a 'connection'" });
  if (lasts === undefined) return;
  if (undo === undefined)
    findings.push({ field: `${at}/lasts`, message: 'needs an undo: what is there for a while is undone in the end' });
  if (lasts.default > lasts.most) findings.push({ field: `${at}/lasts/default`, message: 'is more than the most' });
}

function closedInput(definition: AnyDefinition, at: string, findings: Findings): z.ZodObject | undefined {
  const { input } = definition;
  if (!(input instanceof z.ZodObject)) {
    findings.push({ field: `${at}/input`, message: 'must be a z.strictObject({ ... })' });
    return undefined;
  }
  const { catchall } = input.def;
  if (catchall !== undefined && !(catchall instanceof z.ZodNever)) {
    findings.push({ field: `${at}/input`, message: 'accepts fields that it does not name; use z.strictObject({ ... })' });
    return undefined;
  }
  // A plain z.object would drop a mistyped optional field without a word, and the run would do something else.
  return input.strict();
}

function checkOptions(definition: AnyDefinition, input: z.ZodObject, at: string, findings: Findings): void {
  for (const [field, handler] of Object.entries(definition.options ?? {})) {
    if (!Object.hasOwn(input.shape, field)) {
      const known = Object.keys(input.shape).join(', ') || 'none';
      findings.push({ field: `${at}/options/${field}`, message: `the input has no such field (its fields: ${known})` });
    } else if (typeof handler !== 'function') {
      findings.push({ field: `${at}/options/${field}`, message: 'must be a function' });
    }
  }
}

function checkExamples(definition: AnyDefinition, input: z.ZodObject, at: string, findings: Findings): void {
  for (const [index, example] of (definition.examples ?? []).entries()) {
    const where = `${at}/examples/${index}/input`;
    try {
      const parsed = input.safeParse(jsonCopy(example.input));
      for (const issue of parsed.error?.issues ?? []) {
        findings.push({ field: where + issue.path.map(pointerStep).join(''), message: issue.message });
      }
    } catch (error) {
      const message =
        error instanceof NotJsonError ? error.message : 'cannot be checked: an input schema must not have asynchronous checks';
      findings.push({ field: where, message });
    }
  }
}

function inputSchema(input: z.ZodObject, at: string, findings: Findings): Record<string, unknown> | undefined {
  try {
    return toJsonSchema(input);
  } catch (error) {
    const field = unrepresentable(input, '');
    findings.push({
      field: `${at}/input${field}`,
      message: `has no JSON Schema (${error instanceof Error ? error.message : String(error)})`,
      remedy: 'Use a type that JSON has, e.g. z.iso.datetime() for a date.',
    });
    return undefined;
  }
}

/** Pointer of the innermost field that cannot be written as JSON Schema. */
function unrepresentable(schema: z.core.$ZodType, pointer: string): string {
  const members: [string, z.core.$ZodType][] =
    schema instanceof z.ZodObject
      ? Object.entries(schema.shape)
      : schema instanceof z.ZodArray
        ? [['items', schema.element]]
        : schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault
          ? [['', schema.unwrap()]]
          : [];
  for (const [key, member] of members) {
    try {
      toJsonSchema(member);
    } catch {
      return unrepresentable(member, key === '' ? pointer : pointer + pointerStep(key));
    }
  }
  return pointer;
}

function toJsonSchema(schema: z.core.$ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, {
    io: 'input', // else fields with a default would be required
    target: 'draft-2020-12',
    override: ({ jsonSchema }) => {
      // z.int() adds the limits of exact numbers; in a form or a help text they only puzzle.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
}

function describe(
  action: ProviderAction,
  {
    schema,
    secretFields,
    findings,
  }: { schema: Record<string, unknown>; secretFields: SecretFields | undefined; findings: Findings },
): ManifestAction | undefined {
  const { definition } = action;
  // Examples are for everybody to see: a secret in one is none, and would teach people to type theirs where it shows.
  const examples = definition.examples?.map(({ title, input }) => ({
    title,
    input: secretFields?.takeOut(input).shown ?? input,
  }));
  const description = ManifestAction.omit({ version: true }).safeParse({
    name: action.name,
    title: definition.title,
    description: definition.description,
    kind: definition.kind,
    risk: definition.risk,
    input: schema,
    output: definition.output,
    environments: definition.environments,
    approval: definition.approval,
    idempotent: definition.idempotent,
    observable: definition.kind === 'write' && definition.observe !== undefined,
    undo: definition.undo?.action,
    lasts: definition.lasts,
    tunnel: definition.tunnel === undefined ? undefined : true,
    timeoutSeconds: definition.timeoutSeconds,
    options: Object.keys(definition.options ?? {}),
    examples,
  });
  if (!description.success) {
    for (const issue of description.error.issues) {
      findings.push({ field: `actions/${action.name}${issue.path.map(pointerStep).join('')}`, message: issue.message });
    }
    return undefined;
  }
  // The copy drops members that are undefined, as the wire would, so that digest and manifest agree everywhere.
  const plain = ManifestAction.omit({ version: true }).parse(jsonCopy(description.data));
  return { ...plain, version: digestOf(plain) };
}
