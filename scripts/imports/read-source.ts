import { parseSync } from 'rolldown/utils';

export interface Import {
  /** As written, e.g. `./ids.ts` or `@guichet/contract`. */
  readonly specifier: string;
  readonly line: number;
}

export interface Source {
  /** From the root of the project, with `/`. */
  readonly path: string;
  readonly imports: readonly Import[];
  /** Lines that read `process.env`. */
  readonly environmentReads: readonly number[];
}

/** What the rules need to know of a source file: every kind of import, type imports too, and reads of the environment. */
export function readSource(path: string, text: string): Source {
  const { program, errors } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new SyntaxError(`${path}: ${error.message}`);
  const imports: Import[] = [];
  const environmentReads: number[] = [];
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length;
  visit(program, (node) => {
    const specifier = specifierOf(node);
    if (specifier !== undefined) {
      const line = lineOf(node.start);
      imports.push({ specifier, line });
      if (/^(node:)?process$/.test(specifier)) environmentReads.push(line); // its `env`, by another name
    }
    if (readsEnvironment(node)) environmentReads.push(lineOf(node.start));
  });
  return { path, imports, environmentReads };
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly value?: unknown;
  readonly source?: unknown;
  readonly [field: string]: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (Array.isArray(value)) for (const item of value) visit(item, see);
  else if (isNode(value)) {
    see(value);
    for (const field of Object.values(value)) visit(field, see);
  }
}

/** What a node imports: all kinds of import and export say it in `source`. */
function specifierOf({ source }: Node): string | undefined {
  if (!isNode(source) || source.type !== 'Literal') return undefined;
  const { value } = source;
  return typeof value === 'string' ? value : undefined;
}

function readsEnvironment({ type, object, property }: Node): boolean {
  if (type !== 'MemberExpression' || !isNode(object) || !isNode(property)) return false;
  return object['name'] === 'process' && (property['name'] === 'env' || property.value === 'env');
}
