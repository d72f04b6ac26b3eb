/**
 * Whether a job is encrypted. What the operator has set is a floor, and nothing goes in the clear by itself where that
 * could be the work of a typing error, of a registry that is away, or of somebody who writes on the bus.
 */
import type { Job, SessionEncryption } from '@uftp/bus';
import { CIPHERS, HASHES, KEY_EXCHANGE_NAMES, type Suite } from '@uftp/crypto';
import type { KnownKeys } from '@uftp/endpoint/identity';
import { shortened } from '@uftp/service-kit';
import { formatUid } from '@uftp/wire';
import type { ExpectedReceiver } from './expected-receivers.ts';
import type { Refusal } from './jobs/job-files.ts';

/** Names of receivers that a sentence lists. */
const LISTED = 5;

export interface EncryptionQuestion {
	readonly job: Job;
	/** What the operator has set. */
	readonly mode: 'auto' | 'always' | 'never';
	/** Closed group: its receivers. Empty: open group. */
	readonly targets: readonly number[];
	/** Whom the registry knows, of the targets or of the group. */
	readonly expected: ReadonlyMap<number, ExpectedReceiver>;
	/** Why the registry could not be asked; undefined: it has answered. */
	readonly unasked: string | undefined;
	/** How the job was to be encrypted when it was taken: what was promised then is kept. */
	readonly promised: SessionEncryption | undefined;
}

export type EncryptionChoice =
	/** `mustEncrypt`: nothing else will do, even if no cipher works here. */
	| { readonly kind: 'encrypted'; readonly mustEncrypt: boolean }
	/** `wasAsked`: by the job or the configuration. */
	| { readonly kind: 'clear'; readonly why: string; readonly wasAsked: boolean }
	| { readonly kind: 'refused'; readonly refusal: Refusal };

/** Decides by what was asked for, by who is expected, and by what is known of them from before. */
export function chooseEncryption(question: EncryptionQuestion, known: KnownKeys): EncryptionChoice {
	const { job, mode, promised } = question;
	const asked = job.options?.encryption;
	if (mode === 'always' && asked === 'never') return refused('encryption-required', ENCRYPTION_REQUIRED);
	if (promised === undefined) {
		const refusal = unknownReceivers(question, known);
		if (refusal !== undefined) return refusal;
	}
	if (mode === 'always' || asked === 'always' || promised?.mode === 'encrypted') {
		return { kind: 'encrypted', mustEncrypt: true };
	}
	if (asked === 'never') return { kind: 'clear', why: 'the job asks for that', wasAsked: true };
	if (asked === undefined && mode === 'never') {
		return { kind: 'clear', why: 'this sender is set to that (UFTP_ENCRYPTION=never)', wasAsked: true };
	}
	const why = whyNotAll(question, known);
	return why === undefined ? { kind: 'encrypted', mustEncrypt: false } : inTheClear(why, question, known);
}

const ENCRYPTION_REQUIRED =
	'This sender encrypts every session (UFTP_ENCRYPTION=always), and the job asks for none: leave out its ' +
	'options.encryption (or --clear).';

/** In the clear because of `why`, unless that could be somebody's doing. */
export function inTheClear(
	why: string,
	{ unasked }: Pick<EncryptionQuestion, 'unasked'>,
	known: KnownKeys,
): EncryptionChoice {
	const pinned = known.all.length;
	if (pinned === 0 && unasked === undefined) return { kind: 'clear', why, wasAsked: false };
	const cause =
		unasked === undefined
			? `this sender knows the keys of ${pinned === 1 ? 'a receiver' : `${pinned} receivers`}`
			: 'nobody can be asked who is able to decrypt';
	return refused(
		'would-be-clear',
		`The job would go in the clear: ${why}. Because ${cause}, that has to be asked for: options.encryption "never" ` +
			'(--clear). With "always" (--encrypt) it is encrypted, and receivers that cannot decrypt do not get it.',
	);
}

/** A UID that nobody knows is a typing error more often than not; the others of its job must not pay for it. */
function unknownReceivers(
	{ job, targets, expected, unasked }: EncryptionQuestion,
	known: KnownKeys,
): EncryptionChoice | undefined {
	if (unasked !== undefined || job.options?.unlisted === true) return undefined;
	const unknown = targets.filter((id) => !expected.has(id) && known.of(id) === undefined);
	if (unknown.length === 0) return undefined;
	return refused(
		'unknown-receiver',
		`The registry does not know ${named(unknown)}: check the UIDs ("uftpctl clients --lost" lists those that are known). ` +
			'For receivers that are not on the bus set options.unlisted (--unlisted).',
	);
}

/**
 * Why not every expected receiver can decrypt, as far as is known; undefined if all can. One whose key is pinned has
 * shown that it can, whatever the registry says now.
 */
function whyNotAll({ targets, expected, unasked }: EncryptionQuestion, known: KnownKeys): string | undefined {
	const ids = targets.length > 0 ? targets : [...expected.keys()];
	if (ids.length === 0) {
		// Those whose keys are known may come to an open group whether or not somebody knows that they are there.
		if (known.all.length > 0) return undefined;
		return unasked === undefined
			? 'the registry knows no receiver that could decrypt'
			: `the registry does not answer (${unasked})`;
	}
	const unknown = ids.filter((id) => !expected.has(id) && known.of(id) === undefined);
	if (unknown.length > 0) {
		return unasked === undefined
			? `the registry does not know ${named(unknown)}`
			: `the registry does not answer (${unasked}), and the key of ${named(unknown)} is not known`;
	}
	const keyless = ids.filter((id) => known.of(id) === undefined && expected.get(id)?.keys.length === 0);
	return keyless.length > 0 ? `${named(keyless)} cannot decrypt` : undefined;
}

function refused(code: string, message: string): EncryptionChoice {
	return { kind: 'refused', refusal: { code, message } };
}

function named(ids: readonly number[]): string {
	const names = ids.slice(0, LISTED).map(formatUid).join(', ');
	return ids.length > LISTED ? `${names} and ${ids.length - LISTED} more` : names;
}

/** How a session is encrypted, as answers and events say it. */
export function encryptionOf(
	decision: { readonly kind: 'encrypted'; readonly config: { readonly suite: Suite } } | ClearSession,
): SessionEncryption {
	if (decision.kind === 'clear') return { mode: 'clear', why: shortened(decision.why) };
	const { cipher, hash, keyExchange } = decision.config.suite;
	return {
		mode: 'encrypted',
		cipher: CIPHERS[cipher].name,
		keyExchange: KEY_EXCHANGE_NAMES[keyExchange],
		hash: HASHES[hash].name,
	};
}

interface ClearSession {
	readonly kind: 'clear';
	readonly why: string;
}

/** Of a job of which nothing was sent. */
export function unsent(why: string): SessionEncryption {
	return { mode: 'unsent', why: shortened(why) };
}
