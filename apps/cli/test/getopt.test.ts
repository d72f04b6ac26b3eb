import { describe, expect, it } from 'vitest';
import { splitCommandLine } from '../src/drop-in/getopt.ts';

const letters = { withValue: 'Rx', plain: 'ql' };

function split(...words: string[]) {
	return splitCommandLine('uftp', words, letters);
}

function optionsOf(...words: string[]): string[] {
	const result = split(...words);
	return result.ok ? result.options.map(({ letter, value }) => `${letter}=${value}`) : [result.message];
}

describe('splitting a command line as getopt does', () => {
	it('takes a value from the same word or from the next', () => {
		expect(optionsOf('-R', '100', '-x2')).toEqual(['R=100', 'x=2']);
	});

	it('takes clustered letters apart, and what follows a letter with a value as that value', () => {
		expect(optionsOf('-ql', '-qR100', '-lx', '3')).toEqual(['q=', 'l=', 'q=', 'R=100', 'l=', 'x=3']);
	});

	it('takes a word that looks like an option as a value where one is due', () => {
		expect(optionsOf('-R', '-1')).toEqual(['R=-1']);
	});

	it('finds options behind operands, and "-" is an operand', () => {
		expect(split('file', '-x', '1', '-', '-q')).toEqual({
			ok: true,
			options: [
				{ letter: 'x', value: '1' },
				{ letter: 'q', value: '' },
			],
			operands: ['file', '-'],
		});
	});

	it('leaves everything behind "--" alone', () => {
		expect(split('-q', '--', '-x', 'file')).toMatchObject({ ok: true, operands: ['-x', 'file'] });
	});

	it('stops at the first operand when POSIX order is asked for', () => {
		const result = splitCommandLine('uftp', ['-q', 'file', '-x', '1'], letters, true);
		expect(result).toEqual({ ok: true, options: [{ letter: 'q', value: '' }], operands: ['file', '-x', '1'] });
	});

	it('refuses an unknown letter and a missing value in the words of getopt', () => {
		expect(optionsOf('-9')).toEqual(["uftp: invalid option -- '9'"]);
		expect(optionsOf('--help')).toEqual(["uftp: invalid option -- '-'"]);
		expect(optionsOf('file', '-R')).toEqual(["uftp: option requires an argument -- 'R'"]);
	});
});
