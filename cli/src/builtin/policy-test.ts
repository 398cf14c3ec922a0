import { EXIT, GuichetError, type PolicyTested } from '@guichet/contract';
import type { Canvas } from '../output/canvas.ts';
import { clean } from '../output/clean.ts';
import { countFindings, findingsText } from '../policy/findings-text.ts';
import { fromHere, readPolicies, readTextFile } from '../policy/policy-files.ts';
import { rulesText } from '../policy/rules-text.ts';
import { addExamples, type Leaf, textFlag } from './leaf.ts';

export const policyTest: Leaf = {
  define(command) {
    command
      .argument('<cases...>', 'YAML files of cases: who, what, where, and what the decision must be')
      .option('--policies <folder>', 'Test these .cedar files instead of the rules in force')
      .option('--all', 'Show the cases that passed, too');
    addExamples(command, [
      'guichet policy test tests.yaml',
      'guichet policy test tests/*.yaml --policies policies',
      'guichet policy test tests.yaml --all',
    ]);
  },
  async run(shell, { args, flags }) {
    if (args.length === 0)
      throw new GuichetError('usage.invalid', 'Missing: the files of cases.', { remedy: 'guichet policy test tests.yaml' });
    const folder = textFlag(flags, 'policies');
    const files = [...new Set(args)].map(readTextFile);
    const policies = folder === undefined ? undefined : readPolicies(folder);
    const client = await shell.client();
    const body = { files, ...(policies !== undefined && { policies }) };
    const tested = await client.call('policy.test', { body, signal: shell.context.interrupt });
    await shell.show(tested, () => {
      const findings =
        tested.findings.length > 0
          ? [findingsText(fromHere(tested.findings, folder), [...files, ...fromHere(policies ?? [], folder)], shell.canvas), '']
          : [];
      return [...findings, testedText(tested, { canvas: shell.canvas, all: flags['all'] === true })].join('\n');
    });
    if (tested.findings.some(({ severity }) => severity === 'error')) return EXIT.usage;
    return tested.failed > 0 ? EXIT.failed : EXIT.ok;
  },
};

function testedText(
  { results, passed, failed, findings }: PolicyTested,
  { canvas, all }: { canvas: Canvas; all: boolean },
): string {
  const { paint } = canvas;
  if (results.length === 0) return `${paint.red('✗')} ${countFindings(findings)}: nothing was tested.`;
  const shown = results.filter((result) => all || !result.passed);
  const parts = shown.map((result) => {
    const mark = result.passed ? paint.green('✓') : paint.red('✗');
    const head = `${mark} ${clean(result.name)}  ${paint.dim(`${clean(result.path)}:${result.line}`)}`;
    if (result.difference === null) return head;
    const wanted = result.expected.effect === 'needs' ? 'approvals' : `a ${result.expected.effect}`;
    return `${head}\n  Expected ${wanted}. ${clean(result.difference)}\n${paint.dim('  Decided by:')}\n${indented(rulesText(result.rules, canvas))}`;
  });
  const sum = `${passed} passed, ${failed} failed`;
  return [...parts, ...(parts.length > 0 ? [''] : []), failed > 0 ? paint.red(sum) : paint.green(sum)].join('\n');
}

const indented = (text: string): string => text.replaceAll(/^/gm, '  ');
