import { Problem, ROUTES, type Route } from '@guichet/contract';
import { z } from 'zod';

type JsonObject = Record<string, unknown>;

/** The OpenAPI 3.1 document of the gateway, made of the one table of routes. */
export function openApiDocument({ version, url }: { version: string; url: string }): JsonObject {
  const schemas: JsonObject = {};
  const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): JsonObject =>
    hoisted(z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any' }), schemas);
  const paths: Record<string, JsonObject> = {};
  for (const [name, route] of Object.entries<Route>(ROUTES)) {
    const path = route.path.replace(/:([a-z]+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(name, route, schemaOf) };
  }
  schemaOf(Problem, 'output');
  return {
    openapi: '3.1.0',
    info: {
      title: 'Guichet',
      version,
      description: 'The only door to production: typed, approved, audited actions.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url }],
    tags: ['identity', 'actions', 'requests', 'audit'].map((tag) => ({ name: tag })),
    security: [{ token: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'A token of Guichet: guichet tokens create' } },
    },
  };
}

function operation(name: string, route: Route, schemaOf: (schema: z.ZodType, io: 'input' | 'output') => JsonObject): JsonObject {
  const parameters = [
    ...parametersOf(route.params, 'path', schemaOf),
    ...parametersOf(route.query, 'query', schemaOf),
    ...headersOf(name),
  ];
  const success =
    route.response === undefined
      ? {
          'text/event-stream': {
            schema: { type: 'string', description: 'event: TYPE, id: NUMBER, data: a RequestEvent as JSON' },
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
      [route.status]: { description: 'OK', content: success },
      ...(name === 'actions.list' && { 304: { description: 'Not modified' } }),
      default: problem,
    },
  };
}

function parametersOf(
  schema: z.ZodObject | undefined,
  place: 'path' | 'query',
  schemaOf: (schema: z.ZodType, io: 'input' | 'output') => JsonObject,
): JsonObject[] {
  if (schema === undefined) return [];
  return Object.entries(schema.shape).map(([name, field]) => {
    const type = field as z.ZodType; // the shape of an object holds schemas
    return {
      name,
      in: place,
      required: place === 'path' || !type.safeParse(undefined).success,
      schema: schemaOf(type, place === 'query' ? 'output' : 'input'),
    };
  });
}

function headersOf(name: string): JsonObject[] {
  const header = (header: string, description: string): JsonObject => ({
    name: header,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  });
  if (name === 'actions.list') return [header('If-None-Match', 'ETag of the catalogue that you have')];
  if (name === 'requests.submit') return [header('Idempotency-Key', 'The same key and body give the same request')];
  if (name === 'requests.events') return [header('Last-Event-ID', 'Number of the last event seen')];
  return [];
}

/** Moves the $defs of a schema into the components, and points its references there. */
function hoisted(schema: JsonObject, components: JsonObject): JsonObject {
  const { $defs, $schema: _, id, ...rest } = schema;
  const moved = pointed(rest) as JsonObject; // an object stays an object
  for (const [name, definition] of Object.entries(($defs ?? {}) as JsonObject))
    components[name] = pointed(withoutIds(definition as JsonObject));
  if (typeof id !== 'string') return moved;
  components[id] = moved;
  return { $ref: `#/components/schemas/${id}` };
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
