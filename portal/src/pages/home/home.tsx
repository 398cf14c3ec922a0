import type { ReactNode } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { Page } from '../../ui/page.tsx';

export function Home(): ReactNode {
  const m = useMessages();
  return <Page title={m.home.title}>{null}</Page>;
}
