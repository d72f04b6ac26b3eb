/**
 * What NATS accepts as a subject: tokens joined by dots, none of them empty, no white space or control characters. In a
 * pattern the token `*` stands for exactly one token, and `>` as the last token for one or more.
 */
import { InvalidSubject } from './bus-error.ts';

/** Longer subjects are legal in NATS, but nothing here needs them, and the line that carries them is bounded. */
export const maxSubjectLength = 1024;

/** What is wrong with a pattern, in words, or undefined. */
export function patternProblem(pattern: string): string | undefined {
	if (pattern.length === 0) return 'it is empty';
	if (pattern.length > maxSubjectLength) return `it is longer than ${maxSubjectLength} characters`;
	for (let i = 0; i < pattern.length; i++) {
		const c = pattern.charCodeAt(i);
		if (c <= 0x20 || c === 0x7f) return 'it contains white space or a control character';
	}
	const tokens = pattern.split('.');
	for (let i = 0; i < tokens.length; i++) {
		if (tokens[i] === '') return 'it has an empty token (two dots in a row, or a dot at an end)';
		if (tokens[i] === '>' && i < tokens.length - 1) return "'>' is only allowed as the last token";
	}
	return undefined;
}

/** What is wrong with a subject to publish to, in words, or undefined: as a pattern, and no wildcards. */
export function subjectProblem(subject: string): string | undefined {
	const problem = patternProblem(subject);
	if (problem !== undefined) return problem;
	return isWildcard(subject) ? "wildcards ('*', '>') are only allowed in subscriptions" : undefined;
}

/** Throws InvalidSubject unless `subject` can be published to. */
export function checkSubject(subject: string): void {
	const problem = subjectProblem(subject);
	if (problem !== undefined) throw new InvalidSubject(subject, problem);
}

/** Throws InvalidSubject unless `pattern` can be subscribed to. */
export function checkPattern(pattern: string): void {
	const problem = patternProblem(pattern);
	if (problem !== undefined) throw new InvalidSubject(pattern, problem);
}

/** Throws InvalidSubject unless `queue` can name a queue group. */
export function checkQueue(queue: string): void {
	const problem = patternProblem(queue);
	if (problem !== undefined) throw new InvalidSubject(queue, `as a queue group, ${problem}`);
}

/** True if a token of the pattern is a wildcard ('*' inside a token is an ordinary character). */
export function isWildcard(pattern: string): boolean {
	for (const token of pattern.split('.')) {
		if (token === '*' || token === '>') return true;
	}
	return false;
}

/** True if a subject, split into tokens, matches a pattern, split into tokens. */
export function tokensMatch(pattern: readonly string[], subject: readonly string[]): boolean {
	for (let i = 0; i < pattern.length; i++) {
		if (pattern[i] === '>') return subject.length > i;
		if (i >= subject.length) return false;
		if (pattern[i] !== '*' && pattern[i] !== subject[i]) return false;
	}
	return pattern.length === subject.length;
}

/** True if the subject matches the pattern. Both must be valid. */
export function subjectMatches(pattern: string, subject: string): boolean {
	return tokensMatch(pattern.split('.'), subject.split('.'));
}
