export {
  type CountedApproval,
  type DecideAction,
  type DecidePrincipal,
  decide,
  type Operation,
  type Question,
} from './decide.ts';
export { denied } from './denied.ts';
