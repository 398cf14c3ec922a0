import type { PolicyFile, PolicyFinding, PolicyRule } from '@guichet/contract';
import { useQuery } from '@tanstack/react-query';
import { FilePlus, FolderOpen, Trash2 } from 'lucide-react';
import { type ReactNode, useRef } from 'react';
import { useCall } from '../../api/use-call.ts';
import { useMessages } from '../../messages/index.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { CodeEditor } from '../../ui/code-editor.tsx';
import type { CodeProblem } from '../../ui/code-editor-props.ts';
import { Field, TextInput } from '../../ui/field.tsx';
import { Panel } from '../../ui/page.tsx';
import { ErrorNote, Note } from '../../ui/states.tsx';
import { changeDrafts, useDrafts } from './drafts.ts';
import { policyInForce } from './policy-page.tsx';

/** Other rules to decide by: files that are written, pasted or opened here. They never leave for the gateway's own. */
export function PolicyFiles({ findings = [] }: { readonly findings?: readonly PolicyFinding[] }): ReactNode {
  const m = useMessages().policy.files;
  const { files } = useDrafts();
  const opened = useRef<HTMLInputElement>(null);
  const inForce = useQuery(policyInForce);
  const check = useCall('policy.check');
  const change = (next: readonly PolicyFile[]): void => {
    check.reset();
    changeDrafts({ files: next });
  };
  const found = [...findings, ...(check.data?.findings ?? [])];
  return (
    <Panel
      title={m.title}
      actions={
        files.length > 0 && (
          <Button size="sm" onClick={() => check.mutate({ body: { files: [...files] } })} busy={check.isPending}>
            {m.check}
          </Button>
        )
      }
    >
      <div className="flex flex-col gap-3">
        {files.length === 0 && <p className="text-sm text-soft">{m.none}</p>}
        {files.map((file, index) => (
          <OneFile
            // A file may be renamed while it is written in: its place is what stays.
            // biome-ignore lint/suspicious/noArrayIndexKey: see above
            key={index}
            file={file}
            problems={problemsOf(found, file.path)}
            onChange={(next) => change(files.with(index, next))}
            onRemove={() => change(files.toSpliced(index, 1))}
          />
        ))}
        <div role="status">
          {check.data && <Note tone={check.data.ok ? 'good' : 'bad'}>{check.data.ok ? m.ok(check.data.rules) : m.notOk}</Note>}
        </div>
        {check.error && <ErrorNote error={check.error} />}
        <div className="flex flex-wrap gap-2">
          <Button size="sm" icon={FilePlus} onClick={() => change([...files, { path: freeName(m.newPath, files), text: '' }])}>
            {m.add}
          </Button>
          <Button size="sm" icon={FolderOpen} onClick={() => opened.current?.click()}>
            {m.upload}
          </Button>
          <input
            ref={opened}
            type="file"
            accept=".cedar"
            multiple
            hidden
            aria-label={m.upload}
            onChange={({ currentTarget }) => {
              void filesIn(currentTarget).then((more) => change(merged(files, more)));
            }}
          />
          {files.length === 0 ? (
            <Button
              size="sm"
              look="quiet"
              disabled={inForce.data === undefined}
              onClick={() => change(asFiles(inForce.data?.rules ?? []))}
            >
              {m.start}
            </Button>
          ) : (
            <Button size="sm" look="quiet" onClick={() => change([])}>
              {m.clear}
            </Button>
          )}
        </div>
      </div>
    </Panel>
  );
}

function OneFile({
  file,
  problems,
  onChange,
  onRemove,
}: {
  readonly file: PolicyFile;
  readonly problems: readonly CodeProblem[];
  readonly onChange: (file: PolicyFile) => void;
  readonly onRemove: () => void;
}): ReactNode {
  const m = useMessages().policy.files;
  return (
    <div className="flex flex-col gap-1.5">
      <div className="flex items-end gap-1">
        <Field label={m.path} hideLabel className="flex-1">
          <TextInput
            className="font-mono text-xs"
            spellCheck={false}
            value={file.path}
            onChange={({ currentTarget }) => onChange({ ...file, path: currentTarget.value })}
          />
        </Field>
        <IconButton icon={Trash2} label={m.remove(file.path)} onClick={onRemove} />
      </div>
      <CodeEditor
        label={m.text(file.path)}
        language="cedar"
        value={file.text}
        onChange={(text) => onChange({ ...file, text })}
        problems={problems}
      />
    </div>
  );
}

/** Those of one file, as the editor marks them. */
export const problemsOf = (findings: readonly PolicyFinding[], of: string): readonly CodeProblem[] =>
  findings.filter(({ path }) => path === of).map(({ path: _, ...problem }) => problem);

/** The rules in force, as files that can be changed; what stood between the rules is not known. */
function asFiles(rules: readonly PolicyRule[]): PolicyFile[] {
  return [...new Set(rules.map(({ path }) => path))].map((path) => ({
    path,
    text: `${rules
      .filter((rule) => rule.path === path)
      .map(({ text }) => text)
      .join('\n\n')}\n`,
  }));
}

async function filesIn(input: HTMLInputElement): Promise<PolicyFile[]> {
  const chosen = [...(input.files ?? [])];
  const files = await Promise.all(chosen.map(async (file) => ({ path: file.name, text: await file.text() })));
  input.value = ''; // the same file can be opened again
  return files;
}

/** Of two files with a name, the one that was opened last. */
const merged = (files: readonly PolicyFile[], more: readonly PolicyFile[]): PolicyFile[] => [
  ...files.filter(({ path }) => !more.some((other) => other.path === path)),
  ...more,
];

function freeName(name: string, files: readonly PolicyFile[]): string {
  const taken = new Set(files.map(({ path }) => path));
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = name.replace('.cedar', `-${number}.cedar`);
  return free;
}
