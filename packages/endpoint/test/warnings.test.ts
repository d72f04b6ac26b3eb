import { problem } from '@uftp/protocol';
import { describe, expect, it } from 'vitest';
import { describeWarning, LIBRARY_VOCABULARY } from '../src/problems/index.ts';

describe('the sentence of a warning', () => {
	const words = { ...LIBRARY_VOCABULARY, proxies: '-j', uid: '-U' };

	it('ends with the setting that helps, in the words of the program', () => {
		const warning = { message: 'Proxy 0x1 at h is not listed.', problem: problem('proxy-unlisted') };
		expect(describeWarning(warning, words)).toBe('Proxy 0x1 at h is not listed: name it in the list of proxies (-j)');
	});

	it('is that of the core where no setting helps', () => {
		expect(describeWarning({ message: 'The disk is slow.', problem: problem('no-agreement') }, words)).toBe(
			'The disk is slow.',
		);
		expect(describeWarning({ message: 'The disk is slow.' }, words)).toBe('The disk is slow.');
	});
});
