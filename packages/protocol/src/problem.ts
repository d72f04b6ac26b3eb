/**
 * What goes wrong, as a value: a code from a closed list and the facts that belong to it. The core and the io packages
 * name no command-line flag and no environment variable; each program has one table that turns a code into a sentence
 * with its own words for the settings (`packages/endpoint`).
 */

/** Facts by name: ids as text ("0x0A630002"), addresses as text, counts and times as numbers with units in the name. */
export type ProblemFacts = Readonly<Record<string, string | number | boolean>>;

export interface Problem<Code extends string = string> {
	readonly code: Code;
	readonly facts: ProblemFacts;
}

/** Makes a problem. */
export function problem<Code extends string>(code: Code, facts: ProblemFacts = {}): Problem<Code> {
	return { code, facts };
}
