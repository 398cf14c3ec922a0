import './styles.css';
import { CSPProvider } from '@base-ui/react/csp-provider';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { meQuery } from './api/me.ts';
import { queryClient } from './api/query-client.ts';
import { router } from './app/router.ts';
import { loadMessages, MessagesProvider } from './messages/index.tsx';
import { Toasts } from './ui/toast.tsx';
import { Tips } from './ui/tooltip.tsx';

// All that the first page waits for is asked for at once: who is signed in, the words, the page itself.
void queryClient.prefetchQuery(meQuery);
void router.load();

// Not awaited at the top of this module: what other files share with it would be torn into dozens of small ones.
void loadMessages().then((first) => {
  const root = document.getElementById('root');
  if (root === null) throw new Error('index.html has no #root');
  createRoot(root).render(
    <StrictMode>
      <CSPProvider disableStyleElements>
        <MessagesProvider first={first}>
          <QueryClientProvider client={queryClient}>
            <RouterProvider router={router} />
            <Toasts />
            <Tips />
          </QueryClientProvider>
        </MessagesProvider>
      </CSPProvider>
    </StrictMode>,
  );
});
