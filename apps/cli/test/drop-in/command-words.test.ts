import { describe, expect, it } from 'vitest';
import { rawWords } from '../../src/drop-in/command-words.ts';

function cmdline(...words: (string | number[])[]): Uint8Array {
	return Buffer.concat(words.flatMap((word) => [Buffer.from(word as string), Buffer.from([0])]));
}

describe('the raw words of a command line', () => {
	it('are the last ones of the process', () => {
		const bytes = cmdline('bun', 'uftp.ts', '-D', [0x7a, 0xfc], '', 'r\u00e4k');
		expect(rawWords(bytes, ['-D', 'z\ufffd', '', 'r\u00e4k'])).toEqual(['-D', 'z\udcfc', '', 'r\u00e4k']);
	});

	it('keep a U+FFFD that somebody typed', () => {
		expect(rawWords(cmdline('bun', '\ufffd'), ['\ufffd'])).toEqual(['\ufffd']);
	});

	it('fit where a decoder replaces several bytes by one character', () => {
		expect(rawWords(cmdline('x', [0x61, 0xe2, 0x82]), ['a\ufffd'])).toEqual(['a\udce2\udc82']);
	});

	it('are not taken from a process that was given others', () => {
		expect(rawWords(cmdline('init', [0xfc]), ['-D', 'z\ufffd'])).toEqual(['-D', 'z\ufffd']);
	});
});
