/** What goes wrong, as codes with facts, and the one table that turns them into sentences. */
export { describeProblem, describeWarning, type ProblemCode } from './describe-problem.ts';
export { describeError, EndpointError } from './endpoint-error.ts';
export { LIBRARY_VOCABULARY, type Vocabulary, vocabularyOf } from './vocabulary.ts';
