import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The gateway that `vite` sends calls to while somebody develops; `npm start` runs one there. */
const GATEWAY = process.env['GUICHET_URL'] ?? 'http://127.0.0.1:4400';

export default defineConfig({
  plugins: [react(), tailwind()],
  build: {
    target: 'es2023',
    // What the strict policy of the page would refuse: a file inside a data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: { port: 4480, proxy: { '/v1': GATEWAY, '/docs': GATEWAY, '/openapi.json': GATEWAY, '/device': GATEWAY } },
});
