/** Command lines: options that are declared, nothing else. */
import { usageError } from './exit-code.ts';

export interface OptionSpec {
	/** "--rate". */
	readonly name: string;
	/** Name of its value in the help; absent for an option without value. */
	readonly value?: string;
	/** May stand there several times. */
	readonly isRepeatable?: boolean;
	readonly help: string;
}

export interface CommandLine {
	/** Values by option name; "" for those without value. */
	readonly options: ReadonlyMap<string, readonly string[]>;
	/** Words that are no options. */
	readonly words: readonly string[];
}

/** Splits words into options and others; "--" ends the options. Throws a usage error. */
export function parseOptions(command: string, given: readonly string[], specs: readonly OptionSpec[]): CommandLine {
	const options = new Map<string, string[]>();
	const words: string[] = [];
	for (let at = 0; at < given.length; at++) {
		const word = given[at] as string;
		if (word === '--') {
			words.push(...given.slice(at + 1));
			break;
		}
		if (!word.startsWith('-') || word === '-') {
			words.push(word);
			continue;
		}
		const equals = word.indexOf('=');
		const name = equals < 0 ? word : word.slice(0, equals);
		const spec = specs.find((each) => each.name === name);
		if (spec === undefined)
			throw usageError(`uftpctl ${command} has no option ${name}: see "uftpctl ${command} --help".`);
		let value = equals < 0 ? undefined : word.slice(equals + 1);
		if (spec.value === undefined) {
			if (value !== undefined) throw usageError(`The option ${name} takes no value.`);
			value = '';
		} else if (value === undefined) {
			at++;
			if (at >= given.length) throw usageError(`The option ${name} needs a value: ${name} ${spec.value}.`);
			value = given[at] as string;
		}
		const values = options.get(name);
		if (values === undefined) options.set(name, [value]);
		else if (spec.isRepeatable === true) values.push(value);
		else throw usageError(`The option ${name} stands there twice.`);
	}
	return { options, words };
}

/** The value of an option that stands there once at most. */
export function optionOf({ options }: CommandLine, name: string): string | undefined {
	return options.get(name)?.[0];
}

export function has({ options }: CommandLine, name: string): boolean {
	return options.has(name);
}

/** A whole number from `min` to `max`, or undefined where the option is absent. */
export function numberOf(line: CommandLine, name: string, min: number, max: number): number | undefined {
	const text = optionOf(line, name);
	if (text === undefined) return undefined;
	const value = /^-?\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
	if (Number.isNaN(value) || value < min || value > max) {
		throw usageError(`${name} ${JSON.stringify(text)} must be a whole number from ${min} to ${max}.`);
	}
	return value;
}

/** No words but options are wanted. */
export function refuseWords(command: string, { words }: CommandLine): void {
	if (words.length > 0)
		throw usageError(`uftpctl ${command} takes no arguments, and there is ${JSON.stringify(words[0])}.`);
}

/** The options for --help, in columns. */
export function optionHelp(specs: readonly OptionSpec[]): string {
	const heads = specs.map(({ name, value }) => (value === undefined ? name : `${name} ${value}`));
	const width = Math.max(...heads.map((head) => head.length));
	return specs.map(({ help }, i) => `  ${(heads[i] as string).padEnd(width)}  ${help}`).join('\n');
}
