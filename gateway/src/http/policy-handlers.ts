import { parseRequestId } from '@guichet/contract';
import type { PolicyTools } from '../policy-tools/index.ts';
import type { Handlers } from './call.ts';

type PolicyHandlers = Pick<Handlers, 'policy.show' | 'policy.check' | 'policy.test' | 'policy.explain' | 'policy.replay'>;

/** The handlers of the policy tools: parse has happened, call the domain, reply. */
export function policyHandlers(tools: PolicyTools): PolicyHandlers {
  return {
    'policy.show': async ({ caller }) => tools.show(caller.principal),
    'policy.check': async ({ caller, body }) => tools.check(caller.principal, body.files),
    'policy.test': async ({ caller, body }) => tools.test(caller.principal, body),
    'policy.explain': async ({ caller, body: { request, ...call } }) =>
      tools.explain(caller.principal, { ...call, request: request === undefined ? undefined : parseRequestId(request) }),
    'policy.replay': async ({ caller, body }) => tools.replay(caller.principal, body),
  };
}
