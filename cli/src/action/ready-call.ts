import type { Action } from '@guichet/contract';
import type { Shell } from '../shell.ts';
import type { ActionCommand } from './action-flags.ts';

/** One action, its flags parsed and its input whole. */
export interface ReadyCall {
  readonly shell: Shell;
  readonly action: Action;
  readonly command: ActionCommand;
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: string;
  readonly input: Readonly<Record<string, unknown>>;
}
