/** The whole parity table. */
import { commandCases } from './command-cases.ts';
import type { ParityCase } from './parity-case.ts';
import { receiverCases } from './receiver-cases.ts';
import { senderCases } from './sender-cases.ts';

export const cases: readonly ParityCase[] = [...senderCases, ...receiverCases, ...commandCases];
