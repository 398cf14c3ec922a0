import { Lab, labProvider } from './lab-provider.ts';

/** The lab as a module that a configuration names. */
export const mount = () => ({ endpoint: labProvider(new Lab()).endpoint() });
