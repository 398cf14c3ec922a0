import type { AuditProof } from '@guichet/contract';
import { useEffect, useState } from 'react';
import { type ProofStep, verifyProof } from './verify-proof.ts';

/** What is known of a proof so far: each step appears as it is checked. */
export interface Checked {
  readonly steps: readonly ProofStep[];
  /** Undefined while it is checked; `unsupported` when this browser could not look at the signature. */
  readonly holds: boolean | 'unsupported' | undefined;
}

const STEPS = 4;
const BEGINNING: Checked = { steps: [], holds: undefined };

export function useProofSteps(proof: AuditProof, key: string | undefined): Checked {
  const [checked, setChecked] = useState<Checked>(BEGINNING);
  useEffect(() => {
    if (key === undefined) return;
    let isCurrent = true;
    void (async () => {
      const steps: ProofStep[] = [];
      for await (const step of verifyProof(proof, key)) {
        if (!isCurrent) return;
        steps.push(step);
        setChecked({ steps: [...steps], holds: undefined });
      }
      const last = steps.at(-1)?.holds ?? false;
      if (isCurrent) setChecked({ steps, holds: steps.length === STEPS ? last : false });
    })();
    return () => {
      isCurrent = false;
      setChecked(BEGINNING);
    };
  }, [proof, key]);
  return checked;
}
