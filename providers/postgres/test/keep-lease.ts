import { createPostgresProvider } from '../src/index.ts';
import type { InstanceInput } from './lab.ts';
import { connectTo, QUICK, silent } from './lease-lab.ts';

// A provider in a process of its own, with a lease that is in use, for tests that kill it.
const { instance, request } = JSON.parse(process.argv[2] ?? '') as { instance: InstanceInput; request: string }; // of the test

const provider = createPostgresProvider({ instances: [instance] }, {}, { times: QUICK, logger: silent });
const lease = await connectTo(provider, { request, role: 'write' });
await lease.hold();
const client = await lease.open();
client.query('select pg_sleep(600)').catch(() => {});
process.stdout.write(`${JSON.stringify({ role: lease.role, undoInput: lease.undoInput })}\n`);
