import { isDeepStrictEqual } from 'node:util';
import { GuichetError, Problem, RequestEvent, ROUTES, type Route } from '@guichet/contract';
import { z } from 'zod';

type JsonObject = Record<string, unknown>;
type SchemaOf = (schema: z.ZodType, io: 'input' | 'output') => JsonObject;

/** The OpenAPI 3.1 document of the gateway, made of the one table of routes. */
export function openApiDocument({ version, url }: { version: string; url: string }): JsonObject {
  const schemas: JsonObject = {};
  const schemaOf: SchemaOf = (schema, io) =>
    hoisted(z.toJSONSchema(schema, { io, target: 'draft-2020-12', override: readable(io) }), schemas);
  const paths: Record<string, JsonObject> = {};
  for (const [name, route] of Object.entries<Route>(ROUTES)) {
    const path = route.path.replace(/:([a-z]+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(name, route, schemaOf) };
  }
  for (const [path, page] of Object.entries(PAGES)) paths[path] = { get: page };
  schemaOf(Problem, 'output');
  schemaOf(RequestEvent, 'output');
  return {
    openapi: '3.1.0',
    info: {
      title: 'Guichet',
      version,
      description: 'The only door to production: typed, approved, audited actions.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url }],
    tags: ['identity', 'actions', 'requests', 'audit', 'policy', 'gateway'].map((tag) => ({ name: tag })),
    security: [{ token: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'A token of Guichet: guichet tokens create' } },
    },
  };
}

/** What streams are made of. */
const STREAMS: Readonly<Record<string, string>> = {
  'requests.events':
    'Each event has `id` (its number), `event` (its type) and `data` (a RequestEvent as JSON); the last one is `end`, with the state',
  'requests.changes':
    'Each event has `event` (open, requests, catalogue, company, policy or audit) and `data` (JSON: of requests `id` and `state`, or nothing when it may be any of them)',
};

function operation(name: string, route: Route, schemaOf: SchemaOf): JsonObject {
  const parameters = [
    ...parametersOf(route.params, 'path', schemaOf),
    ...parametersOf(route.query, 'query', schemaOf),
    ...headersOf(name),
  ];
  const success =
    route.response === undefined
      ? {
          'text/event-stream': {
            schema: {
              type: 'string',
              description: STREAMS[name] ?? 'Server-sent events',
            },
          },
        }
      : { 'application/json': { schema: schemaOf(route.response, 'output') } };
  const problem = {
    description: 'A problem: its code says which',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  return {
    operationId: name,
    summary: route.summary,
    tags: [route.tag],
    ...(route.permission === 'public' && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body, 'input') } } },
    }),
    responses: {
      [route.status]: {
        description: 'OK',
        ...(name === 'actions.list' && {
          headers: { ETag: { description: 'Changes with the catalogue', schema: { type: 'string' } } },
        }),
        content: success,
      },
      ...(name === 'actions.list' && { 304: { description: 'Not modified' } }),
      default: problem,
    },
  };
}

function parametersOf(schema: z.ZodObject | undefined, place: 'path' | 'query', schemaOf: SchemaOf): JsonObject[] {
  if (schema === undefined) return [];
  return Object.entries(schema.shape).map(([name, field]) => {
    const type = field as z.ZodType; // the shape of an object holds schemas
    const { description, ...rest } = schemaOf(type, 'input');
    const absent = type.safeParse(undefined); // Zod leaves out the default of what it converts
    return {
      name,
      in: place,
      required: !absent.success,
      ...(typeof description === 'string' && { description }),
      schema: absent.data === undefined ? rest : { ...rest, default: absent.data },
    };
  });
}

const HEADERS: Readonly<Record<string, readonly [name: string, description: string, schema: JsonObject]>> = {
  'actions.list': ['If-None-Match', 'ETag of the catalogue that you have', { type: 'string' }],
  'requests.submit': [
    'Idempotency-Key',
    'The same key and body give the same request',
    { type: 'string', pattern: '^[\\x21-\\x7e]{1,200}$' },
  ],
  'requests.events': ['Last-Event-ID', 'Number of the last event seen', { type: 'integer', minimum: 0, maximum: 999_999_999 }],
};

function headersOf(name: string): JsonObject[] {
  const row = HEADERS[name];
  return row === undefined ? [] : [{ name: row[0], in: 'header', required: false, description: row[1], schema: row[2] }];
}

const page = (operationId: string, summary: string, responses: JsonObject): JsonObject => ({
  operationId,
  summary,
  tags: ['gateway'],
  security: [],
  responses,
});
const status = (description: string): JsonObject => ({
  description,
  content: {
    'application/json': {
      schema: {
        type: 'object',
        properties: { status: { type: 'string' }, version: { type: 'string' }, why: { type: 'string' } },
        required: ['status'],
      },
    },
  },
});

/** What machines ask about the gateway itself. */
const PAGES: Readonly<Record<string, JsonObject>> = {
  '/healthz': page('gateway.health', 'The process lives', { 200: status('It does') }),
  '/readyz': page('gateway.ready', 'It can serve: the database answers, and it is not stopping', {
    200: status('It can'),
    503: status('Not now: `draining` or `not ready`, and why'),
  }),
  '/metrics': page('gateway.metrics', 'Metrics in the Prometheus format', {
    200: { description: 'OK', content: { 'text/plain': { schema: { type: 'string' } } } },
  }),
  '/openapi.json': page('gateway.openapi', 'This document', {
    200: { description: 'OK', content: { 'application/json': { schema: { type: 'object' } } } },
  }),
};

/**
 * Zod closes every object that it writes out and spells out the pattern of each time. Answers stay open, so that a newer
 * gateway may say more; a format says enough.
 */
function readable(io: 'input' | 'output'): NonNullable<z.core.ToJSONSchemaParams['override']> {
  return ({ zodSchema, jsonSchema }) => {
    if (io === 'output' && zodSchema._zod.def.type === 'object') delete jsonSchema.additionalProperties;
    if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
  };
}

/** Moves the $defs of a schema into the components, and points its references there. */
function hoisted(schema: JsonObject, components: JsonObject): JsonObject {
  const { $defs, $schema: _, id, ...rest } = schema;
  const moved = pointed(rest) as JsonObject; // an object stays an object
  // $defs of a JSON Schema are schemas by name
  for (const [name, definition] of Object.entries(($defs ?? {}) as Record<string, JsonObject>))
    add(components, name, pointed(withoutIds(definition)));
  if (typeof id !== 'string') return moved;
  add(components, id, moved);
  return { $ref: `#/components/schemas/${id}` };
}

/** One name, one schema: the form of a thing that is sent must not hide the form in which it comes back. */
function add(components: JsonObject, name: string, schema: unknown): void {
  const known = components[name];
  if (known !== undefined && !isDeepStrictEqual(known, schema))
    throw new GuichetError('internal', `The schema ${name} has two meanings in the API.`);
  components[name] = schema;
}

const withoutIds = ({ id: _, $schema: __, ...rest }: JsonObject): JsonObject => rest;

function pointed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pointed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === '$ref' && typeof member === 'string' ? member.replace('#/$defs/', '#/components/schemas/') : pointed(member),
    ]),
  );
}
