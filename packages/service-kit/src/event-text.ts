/** Texts for people within events and answers, no longer than their schemas allow. */

/** As `sentence` of the schemas. */
const SENTENCE_CHARACTERS = 1000;

/** As much of a sentence as fits. */
export function shortened(sentence: string, characters = SENTENCE_CHARACTERS): string {
	return sentence.slice(0, characters);
}

/** The field of an event that says why; no field where nothing is known. */
export function reasonField(reason: string | undefined, characters?: number): { reason?: string } {
	return reason === undefined || reason === '' ? {} : { reason: shortened(reason, characters) };
}
