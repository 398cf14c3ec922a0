import type { Action } from '@guichet/contract';
import type { ReactNode } from 'react';
import type { Form } from '../../schema-form/use-form.ts';

/** What the page of an action gives to what comes after the form. */
export interface StepsProps {
  readonly action: Action;
  readonly form: Form;
  /** Undefined until one is chosen that it is offered in. */
  readonly environment: string | undefined;
  readonly reason: string | undefined;
  readonly fields: ReactNode;
  /** It cannot go on: nobody has said where. */
  readonly onMissing: () => void;
}
