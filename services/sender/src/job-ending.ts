/** How a job ended, and why, in sentences. */
import type { EventDataByKind } from '@uftp/bus';
import type { SenderEnd } from '@uftp/protocol';
import type { Refusal } from './job-files.ts';

const MESSAGE_CHARACTERS = 1000;

/** What the last event of a job says about its end. */
export type JobEnding = Pick<EventDataByKind['job'], 'phase' | 'session' | 'receivers' | 'seconds' | 'error'>;

/** Why a job did not succeed, beyond what stands at its receivers. */
export function jobProblem(failure: SenderEnd['failure'], receivers: number): Refusal | undefined {
	if (failure !== undefined) return { code: kebab(failure.code), message: sentenceOf(failure.message) };
	if (receivers > 0) return undefined;
	return { code: 'nobody-registered', message: 'No receiver answered the announcement.' };
}

/** Nobody answers a sender whose datagrams do not get out: then that is what the user has to know. */
export function withSendErrors(
	ending: JobEnding,
	{ sendErrors, lastError }: { readonly sendErrors: number; readonly lastError: string },
): JobEnding {
	if (ending.error === undefined || sendErrors === 0) return ending;
	const why = `${sendErrors} datagrams could not be sent: ${lastError}`;
	const message = `${ending.error.message} ${sentenceOf(why)}`.slice(0, MESSAGE_CHARACTERS);
	return { ...ending, error: { ...ending.error, message } };
}

/** "nobodyRegistered" as "nobody-registered". */
function kebab(word: string): string {
	return word.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function sentenceOf(text: string): string {
	return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
