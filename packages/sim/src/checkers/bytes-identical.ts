/** What a receiver stored is what the sender sent: every byte, once, complete. */
import type { Checker } from '../run.ts';

export const bytesIdentical: Checker = {
	name: 'bytes identical',
	check: ({ receivers }) =>
		receivers.flatMap(({ sink }, i) => {
			const twice = [...sink.finished].filter(([, times]) => times > 1).map(([name]) => `${name} stored twice`);
			return [...sink.problems, ...twice].map((problem) => `receiver ${i}: ${problem}`);
		}),
};
