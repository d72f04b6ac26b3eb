/** Sessions end: the sender's within the limit of the scenario, the receivers' soon after it. */
import type { Checker } from '../run.ts';

export const nobodyWaits: Checker = {
	name: 'nobody waits for ever',
	check: ({ scenario, sender, receivers }) => {
		const problems: string[] = [];
		if (sender.end === undefined) problems.push(`the sender is not done after ${scenario.limitMs} ms`);
		for (const [i, { node, sink }] of receivers.entries()) {
			if (node.sessionCount > 0) problems.push(`receiver ${i} still has ${node.sessionCount} session(s)`);
			if (sink.openFiles > 0) problems.push(`receiver ${i} still holds ${sink.openFiles} unfinished file(s)`);
		}
		return problems;
	},
};
