/**
 * Begins runs in the ledger of a folder, for tests in which several processes do. `RUNS` are their ids, `DATA` the folder;
 * with `STAY` it lives on, as if it were at them.
 */
import { fileLedger } from '../src/index.ts';
import { intentOf } from './calls.ts';

const ledger = fileLedger(process.env['DATA'] ?? '');
const won: string[] = [];
const begin = async (run: string) => void ((await ledger.begin(intentOf({ run, grant: `grant-${run}` }))) && won.push(run));
process.stdout.write('ready\n');
await new Promise((resolve) => process.stdin.once('data', resolve));
await Promise.all((process.env['RUNS'] ?? '').split(',').map(begin));
process.stdout.write(`${JSON.stringify(won)}\n`);
if (process.env['STAY'] === undefined) process.stdin.destroy();
