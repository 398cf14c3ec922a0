import type { AuditProof } from '@guichet/contract';
import { useQuery } from '@tanstack/react-query';
import { CircleAlert, CircleCheck, CircleDashed, CircleX, Download, LoaderCircle, ShieldAlert, ShieldCheck } from 'lucide-react';
import { type ReactNode, useMemo } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages, useSpoken } from '../../messages/index.tsx';
import { Button } from '../../ui/button.tsx';
import { Code } from '../../ui/copy.tsx';
import { Facts } from '../../ui/facts.tsx';
import { number } from '../../ui/format.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
import { saveFile } from '../../ui/save-file.ts';
import { Note } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { otherKeySeen } from './known-key.ts';
import { useProofSteps } from './use-proof-steps.ts';
import type { ProofStep } from './verify-proof.ts';

/** The proof that an event is in the log: each step as it is checked, and what is left for the reader to compare. */
export function ProofPanel({ event, proof }: { readonly event: string; readonly proof: AuditProof }): ReactNode {
  const m = useMessages().audit.proof;
  // With the key comes the head that the proof leads to, and what was sealed since.
  const heads = useQuery(asked('audit.heads', { query: { after: proof.head.number - 1 } }));
  const file = JSON.stringify(proof, null, 2);
  return (
    <Panel
      title={m.title}
      actions={
        <Button size="sm" icon={Download} onClick={() => saveFile(`guichet-audit-event-${event}.json`, file, 'application/json')}>
          {m.download}
        </Button>
      }
    >
      <Loaded query={heads}>{({ key }) => <Steps event={event} proof={proof} publicKey={key ?? ''} />}</Loaded>
    </Panel>
  );
}

function Steps({
  event,
  proof,
  publicKey,
}: {
  readonly event: string;
  readonly proof: AuditProof;
  readonly publicKey: string;
}): ReactNode {
  const m = useMessages().audit.proof;
  const { language } = useSpoken();
  const { steps, holds } = useProofSteps(proof, publicKey);
  const { head } = proof;
  const events = number(head.size, language);
  // A key is believed at first sight, but only once something was proven by it.
  const before = useMemo(
    () => (holds === true ? otherKeySeen(String(head['log']), publicKey) : undefined),
    [holds, head, publicKey],
  );
  const isOther = idIn(proof.event) !== event;
  return (
    <div className="flex flex-col gap-3">
      <p className="text-sm text-soft">{m.about}</p>
      <ol className="flex flex-col gap-2">
        {(['leaf', 'path', 'key', 'signature'] as const).map((name) => {
          const step = steps.find((done) => done.step === name);
          return (
            <li key={name} className="flex items-start gap-2 text-sm">
              <StepIcon holds={step?.holds} isOver={holds !== undefined} />
              <div className="min-w-0">
                <p className="font-medium">{m.steps[name]}</p>
                <p className="font-mono text-xs break-all text-faint">
                  {step ? <About step={step} proof={proof} /> : holds === false && m.skipped}
                </p>
              </div>
            </li>
          );
        })}
      </ol>
      <div role="status">
        {holds === undefined && <p className="text-sm text-soft">{m.checking}</p>}
        {holds === true && before === undefined && !isOther && (
          <Note tone="good" icon={ShieldCheck}>
            {m.holds(number(proof.index + 1, language), events)}
          </Note>
        )}
        {(holds === false || isOther) && (
          <Note tone="bad" icon={ShieldAlert}>
            {isOther ? m.other : m.broken}
          </Note>
        )}
        {holds === 'unsupported' && <Note tone="warn">{m.unsupported}</Note>}
        {before !== undefined && (
          <Note tone="bad" icon={ShieldAlert}>
            {m.changed(before)}
          </Note>
        )}
      </div>
      <Facts
        rows={[
          [m.head, m.headText(head.number, events)],
          [m.sealedAt, <Time key="at" at={head.at} />],
        ]}
      />
      <div className="flex flex-col gap-1">
        <p className="text-xs text-faint">{m.publicKey}</p>
        <Code text={publicKey} label={m.publicKey} />
        <p className="text-xs text-faint">{m.trust}</p>
      </div>
      <div className="flex flex-col gap-1">
        <p className="text-xs text-faint">{m.check}</p>
        <Code text={`guichet audit proof --check guichet-audit-event-${event}.json --key ${publicKey}`} label={m.check} />
      </div>
    </div>
  );
}

/** The id that a sealed line has: a gateway that hides an event could show the true proof of another one. */
function idIn(line: string): unknown {
  try {
    const event: unknown = JSON.parse(line);
    return typeof event === 'object' && event !== null && 'id' in event ? event.id : undefined;
  } catch {
    return undefined;
  }
}

function StepIcon({ holds, isOver }: { readonly holds: ProofStep['holds'] | undefined; readonly isOver: boolean }): ReactNode {
  const at = 'mt-0.75 shrink-0';
  if (holds === true) return <CircleCheck size={15} aria-hidden className={`${at} text-good`} />;
  if (holds === false) return <CircleX size={15} aria-hidden className={`${at} text-bad`} />;
  if (holds === 'unsupported') return <CircleAlert size={15} aria-hidden className={`${at} text-warn`} />;
  if (isOver) return <CircleDashed size={15} aria-hidden className={`${at} text-faint`} />;
  return <LoaderCircle size={15} aria-hidden className={`${at} animate-spin text-faint`} />;
}

/** What a step came to. */
function About({ step, proof: { head } }: { readonly step: ProofStep; readonly proof: AuditProof }): ReactNode {
  const m = useMessages().audit.proof;
  const { language } = useSpoken();
  switch (step.step) {
    case 'leaf':
      return m.hash(step.hash);
    case 'path':
      return step.holds ? m.path(step.hashes, number(head.size, language), head.number) : m.pathBroken;
    case 'key':
      return step.holds ? m.key(step.kid ?? '') : m.keyWrong;
    case 'signature':
      return step.holds === false ? m.signatureWrong : step.holds === true ? m.signature : null;
  }
}
