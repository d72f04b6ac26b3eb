import type { ProblemFacts } from '@uftp/protocol';
import type { Vocabulary } from './vocabulary.ts';

/** A sentence, or several, for a person: what is wrong, why, and what to do; `words` are the program's names of settings. */
export type Sentence = (facts: ProblemFacts, words: Vocabulary) => string;

/** From codes to sentences. */
export type SentenceTable = Readonly<Record<string, Sentence>>;
