import { isErrorCode, ROUTES, type Route } from '@guichet/contract';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from './support/gateway.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: Record<string, unknown>;
}
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security?: unknown[];
  readonly parameters?: Parameter[];
  readonly requestBody?: { required: boolean; content: Record<string, { schema: Record<string, unknown> }> };
  readonly responses: Record<string, { content?: Record<string, { schema: unknown }> }>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, Record<string, unknown>> };
}

let gateway: TestGateway;
let document: Document;
beforeAll(async () => {
  gateway = await startGateway();
  document = (await gateway.call<Document>(null, 'GET', '/openapi.json')).body;
});
afterAll(() => gateway.close());

const operations = () => Object.values(document.paths).flatMap((path) => Object.values(path));

test('the document is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(document) as never); // its own type wants less
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
  expect(validator.version).toBe('3.1');
});

test('every reference leads somewhere, and every schema is referred to or of use to readers', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
  expect(JSON.stringify(document).match(/"\$ref"/g)).toHaveLength(references.length);
  const known = Object.keys(document.components.schemas);
  expect(references.filter((name) => name !== undefined && !known.includes(name))).toEqual([]);
  // Streams carry it as text, so nothing can refer to it.
  expect(known.filter((name) => !references.includes(name))).toEqual(['RequestEvent']);
  for (const [name, schema] of Object.entries(document.components.schemas))
    expect(Object.keys(schema).length, `${name} says nothing`).toBeGreaterThan(0);
});

test('operation ids are the names of routes, each once', () => {
  const ids = operations().map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => !id.startsWith('gateway.')).sort()).toEqual(Object.keys(ROUTES).sort());
});

describe('every route', () => {
  test.each(Object.entries<Route>(ROUTES))('%s stands there with all that it takes and gives', (name, route) => {
    const operation = document.paths[route.path.replace(/:([a-z]+)/g, '{$1}')]?.[route.method.toLowerCase()];
    if (operation === undefined) throw new Error(`${name} is not there`);
    expect(operation).toMatchObject({ operationId: name, summary: route.summary });
    expect(operation.security).toEqual(route.permission === 'public' ? [] : undefined);
    const named = (place: string) => operation.parameters?.filter((parameter) => parameter.in === place) ?? [];
    expect(named('path').map((parameter) => parameter.name)).toEqual(
      [...route.path.matchAll(/:([a-z]+)/g)].map(([, part]) => part),
    );
    expect(named('query').map((parameter) => parameter.name)).toEqual(Object.keys(route.query?.shape ?? {}));
    for (const { name: parameter, schema, in: place, required } of operation.parameters ?? []) {
      expect(Object.keys(schema), `${parameter} has no schema`).not.toEqual([]);
      expect(required).toBe(place === 'path');
    }
    const bodyOf = operation.requestBody?.content['application/json']?.schema;
    expect(Object.keys((bodyOf?.['properties'] as object | undefined) ?? {})).toEqual(Object.keys(route.body?.shape ?? {}));
    if (route.body !== undefined) expect(bodyOf?.['additionalProperties']).toBe(false);
    const media = route.response === undefined ? 'text/event-stream' : 'application/json';
    expect(operation.responses[route.status]?.content?.[media]?.schema).toBeDefined();
    expect(operation.responses['default']?.content?.['application/problem+json']?.schema).toEqual({
      $ref: '#/components/schemas/Problem',
    });
  });
});

test('what has a default when it is sent is not asked for, and is promised when it comes back', () => {
  const submit = document.paths['/v1/requests']?.['post']?.requestBody?.content['application/json']?.schema;
  expect(submit?.['required']).toEqual(['action', 'environment']);
  const limit = document.paths['/v1/requests']?.['get']?.parameters?.find(({ name }) => name === 'limit');
  expect(limit?.schema).toEqual({ type: 'integer', minimum: 1, maximum: 200, default: 50 });
  expect(document.components.schemas['Action']?.['required']).toEqual(
    expect.arrayContaining(['idempotent', 'timeoutSeconds', 'options']),
  );
});

test('answers are left open, so that a newer gateway may say more', () => {
  for (const [name, schema] of Object.entries(document.components.schemas))
    expect(JSON.stringify(schema), name).not.toContain('"additionalProperties":false');
});

test('answers of the gateway are as the document says', async () => {
  const { default: Ajv } = await import('ajv/dist/2020.js');
  const { default: addFormats } = await import('ajv-formats');
  const ajv = new Ajv.default({ strict: false });
  addFormats.default(ajv);
  ajv.addSchema({ $id: 'openapi', ...document });
  const check = (path: string, method: string, status: number | 'default', media: string, body: unknown): void => {
    const at = ['paths', path, method, 'responses', String(status), 'content', media, 'schema'];
    const pointer = at.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
    const validate = ajv.compile({ $ref: `openapi#/${pointer}` });
    expect(validate(body), JSON.stringify(validate.errors)).toBe(true);
  };
  const { body: made } = await gateway.submit('nadia', { action: 'lab.change' });
  check('/v1/requests', 'post', 201, 'application/json', made);
  const ended = await gateway.until(made.id, 'succeeded');
  check('/v1/requests/{request}', 'get', 200, 'application/json', ended);
  for (const path of ['/v1/me', '/v1/tokens', '/v1/actions', '/v1/requests', '/v1/audit', '/v1/keys']) {
    const { body } = await gateway.call('nadia', 'GET', path);
    check(path, 'get', 200, 'application/json', body);
  }
  const problem = await gateway.call('nadia', 'GET', '/v1/requests?limit=0');
  check('/v1/requests', 'get', 'default', 'application/problem+json', problem.body);
  expect(isErrorCode(problem.body['code'])).toBe(true);
});

test('the docs page is whole, and neither loads nor may load anything from elsewhere', async () => {
  const page = await fetch(`${gateway.app.url}/docs`);
  expect(page.status).toBe(200);
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/https?:|\*|unsafe|upgrade-insecure/);
  const html = await page.text();
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>|\bon\w+=/); // nothing inline, which the policy would stop
  const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
  expect(assets.length).toBeGreaterThan(4);
  for (const asset of assets) {
    expect(asset).toMatch(/^\/docs\//);
    expect((await fetch(`${gateway.app.url}${asset}`)).status, asset).toBe(200);
  }
  const start = await (await fetch(`${gateway.app.url}/docs/static/swagger-initializer.js`)).text();
  expect(start).toContain('"validatorUrl":null');
  const shown = await (await fetch(`${gateway.app.url}/docs/json`)).json();
  expect(shown).toEqual(document);
});

test('the pages for machines answer without a token', async () => {
  expect((await gateway.call(null, 'GET', '/healthz')).body).toMatchObject({ status: 'ok' });
  expect((await gateway.call(null, 'GET', '/readyz')).body).toEqual({ status: 'ready' });
  const metrics = await fetch(`${gateway.app.url}/metrics`);
  expect(metrics.headers.get('content-type')).toContain('text/plain');
  expect(await metrics.text()).toMatch(/^http_request_duration_seconds_count\{.*route="\/v1\/me"/m);
});
