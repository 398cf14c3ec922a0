import type { PolicyFile } from '@guichet/contract';
import { DEFAULT_POLICIES, PolicySet, readPolicyFiles, type Vocabulary } from '../../src/policy/index.ts';

/** What the policies of a test can speak of; every name is known unless the test says otherwise. */
export function vocabularyOf(more: Partial<Vocabulary> = {}): Vocabulary {
  return { environments: ['production', 'staging'], actions: [], known: () => true, ...more };
}

/** The set of these texts, or an error with all findings. */
export function policySet(texts: readonly string[] | string, vocabulary: Vocabulary = vocabularyOf()): PolicySet {
  const files = [texts].flat().map((text, index): PolicyFile => ({ path: `file-${index}.cedar`, text }));
  return set(files, vocabulary);
}

/** The rules that a company can start with. */
export function defaultPolicies(vocabulary: Vocabulary = vocabularyOf()): PolicySet {
  return set(readPolicyFiles(DEFAULT_POLICIES), vocabulary);
}

/** The rules that a company can start with, and more. */
export function defaultsAnd(text: string, vocabulary: Vocabulary = vocabularyOf()): PolicySet {
  return set([...readPolicyFiles(DEFAULT_POLICIES), { path: 'more.cedar', text }], vocabulary);
}

function set(files: readonly PolicyFile[], vocabulary: Vocabulary): PolicySet {
  const parsed = PolicySet.parse(files, vocabulary);
  if (parsed.set === undefined)
    throw new Error(parsed.findings.map(({ path, line, column, message }) => `${path}:${line}:${column} ${message}`).join('\n'));
  return parsed.set;
}
