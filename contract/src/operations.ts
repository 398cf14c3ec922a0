/**
 * What somebody can want to do. Every door (HTTP, CLI, chat, console, agents, the runner) asks the one decision function
 * with one of these; each route and each event names the one that it takes.
 */
export const OPERATIONS = [
  'action.see',
  'action.plan',
  'action.read',
  'action.submit',
  'action.run',
  'request.see',
  'request.approve',
  'request.reject',
  'request.withdraw',
  'request.cancel',
  'request.break_glass',
  'request.review',
  'request.undo',
  'request.resolve',
  'request.extend',
  'request.connect',
  'schedule.see',
  'schedule.create',
  'schedule.change',
  'audit.see',
  'token.see',
  'token.create',
  'token.revoke',
  'session.see',
  'session.revoke',
  'directory.see',
  'policy.see',
  'policy.test',
] as const;
export type Operation = (typeof OPERATIONS)[number];
