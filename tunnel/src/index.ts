export { acceptUpgrade, asksForWebSocket, type Upgrade } from './accept.ts';
export { type Dialling, dial, RefusedError } from './dial.ts';
export { SocketStream, TunnelClosedError } from './socket-stream.ts';
