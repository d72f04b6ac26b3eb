/** The sender says that a receiver has a file exactly when it has. */
import type { Checker } from '../run.ts';

export const outcomesTrue: Checker = {
	name: 'outcomes true',
	check: ({ scenario, sender, receivers }) => {
		const { end } = sender;
		if (end === undefined) return [];
		const problems: string[] = [];
		for (const [i, receiver] of receivers.entries()) {
			const claimed = end.results[i]?.filesReceived ?? 0;
			const stored = receiver.sink.finished.size;
			if (claimed > stored) problems.push(`receiver ${i} has ${stored} files, the sender claims ${claimed}`);
			const isWhole = stored === scenario.fileBytes.length;
			if (!isWhole && end.results[i]?.outcome === 'received') {
				problems.push(`receiver ${i} lacks files, the sender calls it received`);
			}
		}
		return problems;
	},
};
