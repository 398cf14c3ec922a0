import type { Extension } from '@codemirror/state';
import { type CedarKind, cedarAt } from './cedar.ts';

export type CodeLanguage = 'text' | 'json' | 'yaml' | 'sql' | 'cedar';

const CEDAR_TAGS: Readonly<Record<CedarKind, string | null>> = {
  comment: 'lineComment',
  string: 'string',
  keyword: 'keyword',
  annotation: 'annotation',
  name: 'typeName',
  number: 'number',
  plain: null,
};

/** The grammar of a language; each is loaded when it is first asked for. */
export async function grammarOf(language: CodeLanguage): Promise<Extension> {
  switch (language) {
    case 'json':
      return (await import('@codemirror/lang-json')).json();
    case 'yaml':
      return (await import('@codemirror/lang-yaml')).yaml();
    case 'sql': {
      const { PostgreSQL, sql } = await import('@codemirror/lang-sql');
      return sql({ dialect: PostgreSQL });
    }
    case 'cedar': {
      const { StreamLanguage } = await import('@codemirror/language');
      return StreamLanguage.define({
        token: (stream) => {
          const { kind, end } = cedarAt(stream.string, stream.pos);
          stream.pos = end;
          return CEDAR_TAGS[kind];
        },
        languageData: { commentTokens: { line: '//' } },
      });
    }
    case 'text':
      return [];
  }
}
