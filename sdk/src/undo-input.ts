import type { Output } from '@guichet/contract';
import type { DescribedAction, DescribedProvider } from './describe-action.ts';
import type { HandlerSite } from './handler-errors.ts';
import { jsonCopy } from './json.ts';

interface Ended {
  readonly provider: DescribedProvider;
  readonly action: DescribedAction;
  readonly site: HandlerSite;
  readonly context: {
    readonly input: Record<string, unknown>;
    readonly output: Output;
    readonly seen: unknown;
    readonly environment: string;
    readonly request: string;
    readonly runId: string;
  };
}

/**
 * The input with which the undo action undoes a run that has succeeded; undefined when the author says none. The effect is
 * there: whatever goes wrong here must not make the run anything else than succeeded, so it is logged, and the run cannot be
 * undone by Guichet.
 */
export function undoInputOf({ provider, action, site, context }: Ended): Record<string, unknown> | undefined {
  const { definition, manifest } = action;
  if (definition.kind !== 'write' || definition.undo === undefined) return undefined;
  try {
    const given = definition.undo.input(context);
    if (given === undefined) return undefined;
    const copy = jsonCopy(given, '/undoInput', 1);
    const parsed = provider.actions.get(definition.undo.action)?.input.safeParse(copy);
    if (parsed?.success !== true) throw parsed?.error ?? new Error(`there is no action '${definition.undo.action}'`);
    return copy as Record<string, unknown>; // the schema, which is one of an object, has taken it
  } catch (error) {
    site.logger.error({ err: error, action: manifest.name, run: site.run }, 'The input that undoes a run is not valid');
    return undefined;
  }
}
