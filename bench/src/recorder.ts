import pg from 'pg';

/** One statement as it was sent: what the floor sends again. */
export interface Recorded {
  readonly name?: string | undefined;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Listens in on every statement that pg sends in this process, so that the floor cannot drift away from the code. */
export function recordStatements(): { stop: () => Recorded[] } {
  const recorded: Recorded[] = [];
  const original = pg.Client.prototype.query;
  const listening = function (this: pg.Client, ...parameters: unknown[]): unknown {
    const [config, values] = parameters;
    if (typeof config === 'string') recorded.push({ text: config, values: Array.isArray(values) ? values : [] });
    else if (typeof config === 'object' && config !== null && 'text' in config) recorded.push(plain(config as Recorded));
    // The overloads of query cannot be spelled for a pass-through.
    return (original as (...all: unknown[]) => unknown).apply(this, parameters);
  };
  pg.Client.prototype.query = listening as typeof original;
  return {
    stop: () => {
      pg.Client.prototype.query = original;
      return recorded;
    },
  };
}

const plain = ({ name, text, values }: Recorded): Recorded => ({ name, text, values: [...(values ?? [])] });
