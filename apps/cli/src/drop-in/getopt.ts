/**
 * Splits a command line as the C library's getopt does for the C programs: clustered letters ("-ql"), a value attached
 * ("-x2") or in the next word, options also behind operands, "--" ends the options. Options that C does not have are
 * words ("--in-place") without a value.
 */

/** One option of a command line; `value` is "" for an option without one. */
export interface GivenOption {
	/** Or the word of one that C does not have, without the dashes. */
	readonly letter: string;
	readonly value: string;
}

export type SplitCommandLine =
	| { readonly ok: true; readonly options: readonly GivenOption[]; readonly operands: readonly string[] }
	| { readonly ok: false; readonly message: string };

/** Which letters are options, and which of them take a value. */
export interface OptionLetters {
	readonly withValue: string;
	readonly plain: string;
	readonly words?: readonly string[];
}

/**
 * Splits the words behind the program's name. The first unknown option or missing value ends it with the line that
 * getopt prints. With `posix` (the variable POSIXLY_CORRECT is set) the first operand ends the options.
 */
export function splitCommandLine(
	program: string,
	words: readonly string[],
	letters: OptionLetters,
	posix = false,
): SplitCommandLine {
	const options: GivenOption[] = [];
	const operands: string[] = [];
	for (let i = 0; i < words.length; i++) {
		const word = words[i];
		if (word === '--') {
			operands.push(...words.slice(i + 1));
			break;
		}
		if (!word.startsWith('-') || word === '-') {
			if (posix) {
				operands.push(...words.slice(i));
				break;
			}
			operands.push(word);
			continue;
		}
		if (word.startsWith('--') && letters.words?.includes(word.slice(2)) === true) {
			options.push({ letter: word.slice(2), value: '' });
			continue;
		}
		for (let at = 1; at < word.length; at++) {
			const letter = word[at];
			if (letters.plain.includes(letter)) {
				options.push({ letter, value: '' });
			} else if (letters.withValue.includes(letter)) {
				const attached = word.slice(at + 1);
				if (attached === '' && i + 1 >= words.length) {
					return { ok: false, message: `${program}: option requires an argument -- '${letter}'` };
				}
				options.push({ letter, value: attached === '' ? words[++i] : attached });
				break;
			} else {
				return { ok: false, message: `${program}: invalid option -- '${letter}'` };
			}
		}
	}
	return { ok: true, options, operands };
}
