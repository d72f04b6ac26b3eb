import { type Problem, type ProblemFacts, problem } from '@uftp/protocol';
import { describeProblem, type ProblemCode } from './describe-problem.ts';
import { LIBRARY_VOCABULARY, type Vocabulary } from './vocabulary.ts';

/**
 * Why a node cannot be started, or not be driven like this: a problem as something to throw. Its message has the
 * library's names of the settings; a program with other names uses `describeError`.
 */
export class EndpointError extends Error implements Problem<ProblemCode> {
	override readonly name = 'EndpointError';
	readonly code: ProblemCode;
	readonly facts: ProblemFacts;

	/** `cause`: the error of the system or library behind it. */
	constructor(code: ProblemCode, facts: ProblemFacts = {}, cause?: unknown) {
		super(describeProblem(problem(code, facts), LIBRARY_VOCABULARY), cause === undefined ? undefined : { cause });
		this.code = code;
		this.facts = facts;
	}
}

/** What went wrong, in the words of a program: also for errors that are no `EndpointError`. */
export function describeError(error: unknown, words: Vocabulary): string {
	if (error instanceof EndpointError) return describeProblem(error, words);
	return error instanceof Error ? error.message : String(error);
}
