import { EXIT, type PolicyInForce, type TableOutput } from '@guichet/contract';
import type { Canvas } from '../output/canvas.ts';
import { formatCell } from '../output/cell.ts';
import { clean } from '../output/clean.ts';
import { drawTable } from '../output/table.ts';
import { shortDigest } from '../output/units.ts';
import { wrap } from '../output/width.ts';
import { counted, countFindings, findingsText } from '../policy/findings-text.ts';
import { fromHere, readPolicies } from '../policy/policy-files.ts';
import { liftedBy } from '../policy/rules-text.ts';
import { addExamples, type Leaf } from './leaf.ts';

export const policyList: Leaf = {
  define(command) {
    addExamples(command, ['guichet policy list', 'guichet policy list -o wide', 'guichet policy list -o json']);
  },
  async run(shell) {
    const client = await shell.client();
    const state = await client.call('policy.show', { signal: shell.context.interrupt });
    await shell.show(state, () =>
      [drawTable(toTable(state), shell.canvas, { keep: ['id', 'place'] }), '', standing(state, shell.canvas)].join('\n'),
    );
    return EXIT.ok;
  },
};

export const policyCheck: Leaf = {
  define(command) {
    command.argument('[folder]', 'The folder of .cedar files; without it: how the rules in force stand');
    addExamples(command, [
      'guichet policy check policies',
      'guichet policy check policies && guichet policy test tests.yaml --policies policies',
      'guichet policy check',
    ]);
  },
  async run(shell, { args: [folder] }) {
    const client = await shell.client();
    const { canvas } = shell;
    if (folder === undefined) {
      const state = await client.call('policy.show', { signal: shell.context.interrupt });
      await shell.show(state, () => standing(state, canvas));
      return state.problem === null ? EXIT.ok : EXIT.usage;
    }
    const files = readPolicies(folder);
    const checked = await client.call('policy.check', { body: { files }, signal: shell.context.interrupt });
    await shell.show(checked, () => {
      const { ok, rules } = checked;
      const findings = fromHere(checked.findings, folder);
      const count = countFindings(findings);
      const sum = ok
        ? `${canvas.paint.green('✓')} ${counted(rules, 'rule')} in ${counted(files.length, 'file')}${count === '' ? '' : `, ${count}`}.`
        : `${canvas.paint.red('✗')} ${count}: a gateway would not take ${clean(folder)}.`;
      return [...(findings.length > 0 ? [findingsText(findings, fromHere(files, folder), canvas), ''] : []), sum].join('\n');
    });
    return checked.ok ? EXIT.ok : EXIT.usage;
  },
};

function toTable({ rules }: PolicyInForce): TableOutput {
  return {
    kind: 'table',
    columns: [
      { key: 'id', title: 'Rule', type: 'code', wide: false },
      { key: 'effect', title: 'Effect', type: 'text', wide: false },
      { key: 'lifted', title: 'Lifted by', type: 'text', wide: false },
      { key: 'reason', title: 'Why', type: 'text', wide: false },
      { key: 'place', title: 'Where', type: 'code', wide: false },
      { key: 'text', title: 'Rule', type: 'text', wide: true },
    ],
    rows: rules.map((rule) => ({
      id: rule.id,
      effect: rule.effect,
      lifted: liftedBy(rule) ?? null,
      reason: rule.annotations['reason'] ?? null,
      place: `${rule.path}:${rule.line}`,
      text: rule.text.replaceAll(/\s+/g, ' '),
    })),
    empty: 'No rule is in force: everything is denied.',
  };
}

/** Which rules are in force since when; and, when the files as they are now were refused, why. */
function standing({ rules, digest, since, problem }: PolicyInForce, canvas: Canvas): string {
  const { paint } = canvas;
  const time = (at: string): string => formatCell(at, 'timestamp', canvas).text;
  const { width } = canvas;
  const sum = `${counted(rules.length, 'rule')} in force since ${time(since)} (${clean(shortDigest(digest))}).`;
  const line = wrap(sum, { width });
  if (problem === null) return line;
  return [
    line,
    paint.red(
      wrap(
        `The files as they are now were refused, ${time(problem.at)}; the rules above go on. ${countFindings(problem.findings)}:`,
        { width },
      ),
    ),
    findingsText(problem.findings, [], canvas),
  ].join('\n');
}
