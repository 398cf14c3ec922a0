/** A name as it stands in a statement; the schema is absent when none was written. */
export interface Name {
  readonly schema: string | null;
  readonly name: string;
}

/** What a statement names that may run code, and of which kinds its parts are. */
export interface References {
  /** Kinds of nodes: `SelectStmt`, `LockingClause` ... */
  readonly kinds: ReadonlySet<string> & { filter(wanted: (kind: string) => boolean): string[] };
  readonly functions: readonly Name[];
  readonly relations: readonly Name[];
  readonly operators: readonly Name[];
  readonly types: readonly Name[];
  /** Last words of columns: `t.f` calls the function f of a row where it has no such column. */
  readonly columns: readonly string[];
}

class Kinds extends Set<string> {
  filter(wanted: (kind: string) => boolean): string[] {
    return [...this].filter(wanted);
  }
}

/** Walks the whole tree of the parser, whatever stands where, so that nothing hides in a corner. */
export function referencesOf(tree: unknown): References {
  const kinds = new Kinds();
  const found = { functions: [] as Name[], relations: [] as Name[], operators: [] as Name[], types: [] as Name[] };
  const columns: string[] = [];
  const nodes: unknown[] = [tree];
  while (nodes.length > 0) {
    const node = nodes.pop();
    if (Array.isArray(node)) nodes.push(...node);
    else if (typeof node === 'object' && node !== null) {
      for (const [key, body] of Object.entries(node)) {
        // Some clauses stand under the name of a field and not of their kind.
        kinds.add(key === 'intoClause' ? 'IntoClause' : key);
        note(key, body, { ...found, columns });
        nodes.push(body);
      }
    }
  }
  return { kinds, ...found, columns };
}

interface Found {
  readonly functions: Name[];
  readonly relations: Name[];
  readonly operators: Name[];
  readonly types: Name[];
  readonly columns: string[];
}

/** Shapes of the parser's tree. */
interface Body {
  readonly funcname?: unknown;
  readonly name?: unknown;
  readonly names?: unknown;
  readonly operName?: unknown;
  readonly fields?: unknown;
  readonly indirection?: unknown;
  readonly method?: unknown;
  readonly schemaname?: string;
  readonly relname?: string;
}

function note(key: string, value: unknown, { functions, relations, operators, types, columns }: Found): void {
  if (key === 'useOp') operators.push(...nameOf(value));
  if (typeof value !== 'object' || value === null) return;
  const body = value as Body;
  switch (key) {
    case 'FuncCall':
      functions.push(...nameOf(body.funcname));
      break;
    case 'RangeTableSample':
      functions.push(...nameOf(body.method));
      break;
    case 'RangeVar':
      relations.push({ schema: body.schemaname ?? null, name: body.relname ?? '' });
      break;
    case 'A_Expr':
      operators.push(...nameOf(body.name));
      break;
    case 'SubLink':
      operators.push(...nameOf(body.operName));
      break;
    case 'TypeName':
    case 'typeName':
      types.push(...nameOf(body.names));
      break;
    case 'ColumnRef':
      columns.push(...nameOf(body.fields).map(({ name }) => name));
      break;
    case 'A_Indirection':
      columns.push(...nameOf(body.indirection).map(({ name }) => name));
      break;
  }
}

/** The name that a list of strings spells; none when the list is absent. */
function nameOf(list: unknown): Name[] {
  if (!Array.isArray(list)) return [];
  const words = list.flatMap((item: { String?: { sval?: string } }) => item.String?.sval ?? []);
  const name = words.at(-1);
  return name === undefined ? [] : [{ schema: words.at(-2) ?? null, name }];
}
