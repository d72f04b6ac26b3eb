import type { Problem } from '@uftp/protocol';
import { SESSION_PROBLEMS } from './session-problems.ts';
import { SETUP_PROBLEMS } from './setup-problems.ts';
import type { Vocabulary } from './vocabulary.ts';

const SENTENCES = { ...SETUP_PROBLEMS, ...SESSION_PROBLEMS };

/** Every code that has a sentence. */
export type ProblemCode = keyof typeof SENTENCES;

/** The sentence of a problem, in the words of a program. */
export function describeProblem({ code, facts }: Problem<ProblemCode>, words: Vocabulary): string {
	return SENTENCES[code](facts, words);
}

/**
 * The sentence of a warning: that of its problem, if the table has one, in the words of a program; else `message`, which
 * the core wrote and which names no setting.
 */
export function describeWarning(
	{ message, problem }: { readonly message: string; readonly problem?: Problem | undefined },
	words: Vocabulary,
): string {
	return problem !== undefined && hasSentence(problem) ? describeProblem(problem, words) : message;
}

function hasSentence(problem: Problem): problem is Problem<ProblemCode> {
	return Object.hasOwn(SENTENCES, problem.code);
}
