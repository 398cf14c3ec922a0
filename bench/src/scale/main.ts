/** `npm run bench:fill`: makes the data that the benches `list` and `search` look through, and says where they are. */
import { SCALE, startScaled, tell } from './scaled-server.ts';

const server = await startScaled(SCALE);
tell(`the server's folder is ${server.dataDir}`);
await server.stop();
