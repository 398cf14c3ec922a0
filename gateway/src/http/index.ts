export { Throttles } from './auth-throttles.ts';
export { closeServer } from './close-server.ts';
export { Cookies } from './cookies.ts';
export { Readiness } from './readiness.ts';
export { createServer } from './server.ts';
