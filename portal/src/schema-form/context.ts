import type { Choice } from '@guichet/contract';
import { type ComponentType, createContext, use } from 'react';
import type { Messages } from '../messages/en/index.ts';
import type { Finding, Wrong } from './findings.ts';
import type { Form } from './use-form.ts';

/** Fields whose choices are asked for while one types. */
export interface LiveOptions {
  readonly fields: readonly string[];
  /** What the choices rest on besides the input: asked anew when it changes. */
  readonly key: string;
  readonly ask: (question: {
    field: string;
    query: string;
    input: Form['rest'];
    signal: AbortSignal;
  }) => Promise<readonly Choice[]>;
}

interface Drawing {
  readonly form: Form;
  readonly live: LiveOptions | undefined;
  /** Draws one value. Lists and objects draw what is in them by it; it draws them: from here, so that no file imports in a circle. */
  readonly Node: ComponentType<NodeProps & { readonly bare?: boolean }>;
}

export const FormContext = createContext<Drawing | undefined>(undefined);

export function useFormContext(): Drawing {
  const context = use(FormContext);
  if (context === undefined) throw new Error('a field stands outside of a form');
  return context;
}

/** One value of the form, where it stands, and what changes it. */
export interface NodeProps {
  readonly schema: unknown;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  readonly pointer: string;
  /** What it is called when its schema has no title. */
  readonly label: string;
  readonly required: boolean;
  /** It stands among others of its kind: that it is needed goes without saying. */
  readonly isEntry?: boolean;
}

/** What is wrong, in the reader's language; what the gateway said is said as it did. */
export function wordsOfFindings(findings: readonly (Finding | string)[], m: Messages['forms']['wrong']): string | undefined {
  if (findings.length === 0) return undefined;
  return findings.map((finding) => `${typeof finding === 'string' ? finding : inWords(finding.wrong, m)}`).join('. ');
}

function inWords(wrong: Wrong, m: Messages['forms']['wrong']): string {
  switch (wrong.kind) {
    case 'oneOf':
      return m.oneOf(wrong.values);
    case 'constant':
      return m.constant(wrong.value);
    case 'type':
      return m.type(wrong.types);
    case 'format':
      return m.format(wrong.format);
    case 'pattern':
      return m.pattern(wrong.pattern);
    case 'multipleOf':
      return m.multipleOf(wrong.of);
    case 'bound':
      return m.bound(wrong);
    default:
      return m[wrong.kind];
  }
}
