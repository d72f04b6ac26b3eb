/** The invariants that every run must keep, whatever the network did. */
import type { Checker } from '../run.ts';
import { bytesIdentical } from './bytes-identical.ts';
import { naksBounded } from './naks-bounded.ts';
import { nobodyWaits } from './nobody-waits.ts';
import { outcomesTrue } from './outcomes-true.ts';
import { rateFollows } from './rate-follows.ts';

export const CHECKERS: readonly Checker[] = [bytesIdentical, outcomesTrue, nobodyWaits, naksBounded, rateFollows];
