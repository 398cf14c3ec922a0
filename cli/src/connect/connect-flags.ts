import { GuichetError } from '@guichet/contract';
import { type Command, Option } from 'commander';

/** Flags of all that connects. */
export function addConnectFlags(command: Command): void {
  command.addOption(
    new Option(
      '--port <number>',
      'Listen for other clients too, at this port of this machine (default: a free one, with --no-open)',
    ).argParser(portOf),
  );
  command.option('--no-open', 'Open no psql: print the address, for any client');
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new GuichetError('usage.invalid', `--port must be a number from 0 to 65535, not '${text}'.`, {
    remedy: 'Leave it out for a free one.',
  });
}
