import { type ClientService, complaintOf, finish, Unserved } from './client-service.ts';
import { Conversation } from './conversation.ts';
import { AUTHENTICATION_OK, errorResponse, int32, message, PROTOCOL_3_0 } from './messages.ts';
import { refusalOfStart } from './start-options.ts';
import { readStart, type Start } from './start-reader.ts';

/**
 * Speaks with a client of PostgreSQL: takes whatever user it says, signs in at the server as the role that it is served
 * with, and then passes bytes on. Towards the server, statements wait until they are told of; towards the client, chunks pass
 * as they come. Comes back when either side has ended, with both closed. Rejects with what neither side could be told.
 */
export async function serveClient(service: ClientService): Promise<void> {
  const { stream, signal } = service;
  const starting = AbortSignal.any([signal, AbortSignal.timeout(START_MS)]);
  stream.on('error', () => {}); // it is closed then, which is what is looked at
  try {
    const start = await readStart(stream, starting);
    if (start.kind === 'gone') return;
    if (start.kind === 'cancel') await service.cancel(start.packet);
    else await serveStarted(service, start);
  } catch (error) {
    const complaint = complaintOf(error);
    if (complaint === undefined) {
      await finish(
        stream,
        errorResponse({ severity: 'FATAL', code: '58000', message: `Guichet could not serve ${service.name}.` }),
      );
      throw error;
    }
    await finish(stream, Buffer.isBuffer(complaint) ? complaint : errorResponse({ severity: 'FATAL', ...complaint }));
  } finally {
    stream.destroy();
  }
}

const START_MS = 60_000;

async function serveStarted(service: ClientService, start: Extract<Start, { kind: 'startup' }>): Promise<void> {
  const { stream, name } = service;
  const { parameters, extensions, minor } = start;
  const database = parameters.get('database');
  // A client that is told no database asks for one of its user's name.
  if (database !== undefined && database !== service.database && database !== parameters.get('user')) {
    throw new Unserved({
      code: '3D000',
      message: `${name} lets you into the database '${service.database}', not into '${database}'.`,
      hint: `Connect to '${service.database}', or ask for '${database}' with a request of its own.`,
    });
  }
  if (parameters.has('replication')) {
    throw new Unserved({ code: '42501', message: `${name} does not let replication through.` });
  }
  const refusal = refusalOfStart(parameters);
  if (refusal !== undefined) throw new Unserved(refusal);
  const { socket, greeting } = await service.connect(parameters);
  const negotiated = minor > 0 || extensions.length > 0;
  const named = extensions.map((extension) => `${extension}\0`).join('');
  const offer = negotiated ? [message('v', int32(PROTOCOL_3_0), int32(extensions.length), named)] : [];
  stream.write(Buffer.concat([...offer, AUTHENTICATION_OK, greeting]));
  await new Conversation(service, socket, greeting).run();
}
