import type { Pair } from './scenario.ts';
import type { TreeEntry } from './trees.ts';

export const oursToC: Pair = { sender: 'ours', receiver: 'C' };
export const cToOurs: Pair = { sender: 'C', receiver: 'ours' };
export const oursToOurs: Pair = { sender: 'ours', receiver: 'ours' };
export const cToC: Pair = { sender: 'C', receiver: 'C' };
/** Every pair that involves a program of ours. */
export const all = [oursToC, cToOurs, oursToOurs];
/** The pairs of one program of ours and one of C. */
export const withC = [oursToC, cToOurs];

export const mebibyte = 1024 * 1024;
/** Fast timers for a network without delay, and no pacing. */
export const quick = ['-R', '-1', '-r', '0.05:0.01:0.5'];
/** Slow enough that something can happen midway: 40,000 Kbps are about 5 MB/s. */
export const slow = ['-R', '40000', '-r', '0.05:0.01:0.5'];
/** Two receivers, and both have everything. */
export const both = { exit: 0, complete: [1, 2] } as const;

export const smallFiles: TreeEntry[] = Array.from({ length: 200 }, (_, i) => ({
	path: `many/${i}.bin`,
	bytes: (i * 37) % 3000,
}));
