import { confirm, isCancel, password, text } from '@clack/prompts';
import { Interrupted } from '../context.ts';
import type { Shell } from '../shell.ts';

/** Prompts speak on stderr, so that stdout stays what the command gives. */
function streams({ context }: Shell) {
  return { input: context.stdin, output: context.stderr, signal: context.interrupt };
}

/** The answer, or Interrupted when the question was cancelled. */
export function answered<Answer>(answer: Answer): Exclude<Answer, symbol> {
  if (isCancel(answer)) throw new Interrupted('Nothing was done.');
  return answer as Exclude<Answer, symbol>; // the one symbol of an answer is that of a cancelled prompt
}

export interface TextQuestion {
  readonly message: string;
  readonly placeholder?: string | undefined;
  /** What is wrong with an answer; undefined when nothing is. */
  readonly check?: ((text: string) => string | undefined) | undefined;
}

export async function askText(shell: Shell, { message, placeholder, check }: TextQuestion): Promise<string> {
  const answer = await text({
    ...streams(shell),
    message,
    ...(placeholder !== undefined && { placeholder }),
    validate: (value) => check?.(value ?? ''),
  });
  return answered(answer) ?? '';
}

export async function askYesNo(shell: Shell, { message, fallback }: { message: string; fallback: boolean }): Promise<boolean> {
  return answered(await confirm({ ...streams(shell), message, initialValue: fallback }));
}

export interface SecretQuestion {
  readonly message: string;
  /** What is wrong with an answer, without repeating it; undefined when nothing is. */
  readonly check: (text: string) => string | undefined;
}

/** A secret as it was typed, not shown meanwhile. */
export async function askSecret(shell: Shell, { message, check }: SecretQuestion): Promise<string> {
  return answered(await password({ ...streams(shell), message, validate: (value) => check(value ?? '') }));
}
