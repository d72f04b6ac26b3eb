import { disturbed } from './disturbed.ts';
import type { Scenario } from './scenario.ts';
import { undisturbed } from './undisturbed.ts';

/** Every scenario; those that wait most come first, so that the others run beside them. */
export const scenarios: readonly Scenario[] = [...disturbed, ...undisturbed];
