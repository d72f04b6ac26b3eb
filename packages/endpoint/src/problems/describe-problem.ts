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
