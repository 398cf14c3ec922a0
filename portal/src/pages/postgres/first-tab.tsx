import { Navigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useInstance } from './instance.ts';

/** The address of a server alone leads to what happens there now. */
export function FirstTab(): ReactNode {
  const { environment, instance } = useInstance();
  return <Navigate to="/postgres/$environment/$instance/activity" params={{ environment, instance }} replace />;
}
