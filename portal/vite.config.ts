import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** The gateway that `vite` sends calls to while somebody develops; `npm start` runs one there. */
const GATEWAY = process.env['GUICHET_URL'] ?? 'http://127.0.0.1:4400';
/** It takes writes of its own pages alone, and for these pages stand. */
const toGateway = { target: GATEWAY, headers: { origin: GATEWAY } };

/** The letters of every page are asked for with its style, not after it: words do not jump when they come. */
const preloadLetters: Plugin = {
  name: 'preload-letters',
  transformIndexHtml: {
    order: 'post',
    handler: (_html, { bundle = {} }) =>
      Object.keys(bundle)
        .filter((file) => /inter-latin-wght-normal-[^/]+\.woff2$/.test(file))
        .map((file) => ({
          tag: 'link',
          attrs: { rel: 'preload', as: 'font', type: 'font/woff2', href: `/${file}`, crossorigin: true },
          injectTo: 'head',
        })),
  },
};

export default defineConfig({
  plugins: [react(), tailwind(), preloadLetters],
  build: {
    target: 'es2023',
    // What the strict policy of the page would refuse: a file inside a data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: {
    host: '127.0.0.1',
    port: 4480,
    proxy: { '/v1': toGateway, '/docs': toGateway, '/openapi.json': toGateway, '/device': toGateway },
  },
});
