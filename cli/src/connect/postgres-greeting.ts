import { timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';

/** The first messages of a client of PostgreSQL, by the number that stands where the version of the protocol would. */
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const CANCEL_REQUEST = 80_877_102;

const LONGEST_MESSAGE = 10_000;
/** Whoever says nothing, or does not say who they are, for so long is cut. */
const GREETING_MS = 30_000;

/**
 * Reads what a client begins with, asks for the password, and gives the message to begin with at the server. Undefined for
 * a client that does not know the password, breaks the protocol, or has left: then it was told, and is cut.
 *
 * Anybody on this machine can connect to a port of it: whoever has the password was told it by who runs this command. A
 * cancel request brings a secret of its own, that of the session which it is about.
 */
export async function greet(socket: Socket, password: string): Promise<Buffer | undefined> {
  const timer = setTimeout(() => socket.destroy(), GREETING_MS);
  try {
    for (let questions = 0; questions < 4; questions++) {
      const head = await take(socket, 8);
      const length = head.readInt32BE(0);
      const code = head.readInt32BE(4);
      if (length < 8 || length > LONGEST_MESSAGE) break;
      const message = length === 8 ? head : Buffer.concat([head, await take(socket, length - 8)]);
      if (code === CANCEL_REQUEST) return message;
      if (code === SSL_REQUEST || code === GSS_REQUEST) socket.write('N');
      else if (code >> 16 === 3) return (await knows(socket, password)) ? message : undefined;
      else break;
    }
    socket.destroy();
  } catch {
    socket.destroy(); // it has left
  } finally {
    clearTimeout(timer);
  }
  return undefined;
}

async function knows(socket: Socket, password: string): Promise<boolean> {
  socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])); // AuthenticationCleartextPassword: it stays on this machine
  const head = await take(socket, 5);
  const length = head.readInt32BE(1) - 4;
  if (head[0] !== 0x70 || length < 1 || length > 1_000) {
    socket.destroy();
    return false;
  }
  const given = (await take(socket, length)).subarray(0, -1);
  const wanted = Buffer.from(password);
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return true;
  socket.end(
    errorMessage({
      state: '28P01',
      message: 'This is not the password of this connection.',
      hint: 'It is in the address that guichet has printed, and a new one each time.',
    }),
  );
  return false;
}

/** A FATAL ErrorResponse: clients show it, and close. */
export function errorMessage({ state, message, hint }: { state: string; message: string; hint?: string | undefined }): Buffer {
  const fields = [`SFATAL`, `VFATAL`, `C${state}`, `M${message}`, ...(hint === undefined ? [] : [`H${hint}`])];
  const body = Buffer.from(`${fields.map((field) => `${field.replaceAll('\0', '')}\0`).join('')}\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** So many bytes, as soon as they are there; rejects when the socket is closed before. The rest is left in it. */
function take(socket: Socket, bytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const chunk: Buffer | null = socket.read(bytes);
      if (chunk === null) return;
      stop();
      if (chunk.length === bytes) resolve(chunk);
      else gone(); // at its end a stream gives what is left
    };
    const gone = (): void => {
      stop();
      reject(new Error('The client has left.'));
    };
    const stop = (): void => {
      socket.off('readable', look).off('close', gone).off('end', gone);
    };
    socket.on('readable', look).on('close', gone).on('end', gone);
    look();
  });
}
