/** How a session ended at each receiver, in the words of the bus. */
import { isDelivered, type Outcome, type ReceiverResult } from '@uftp/bus';
import type { SendingEnd } from '@uftp/endpoint/sending';
import type { FileResult, ReceiverResult as SessionResult } from '@uftp/protocol';
import { reasonField } from '@uftp/service-kit';
import { formatUid } from '@uftp/wire';
import type { ExpectedReceiver } from '../expected-receivers.ts';

/** Above this many receivers an event keeps only the essentials of those that have everything: it must fit a message. */
const DETAILED_RECEIVERS = 1000;
/** Most receivers in the event of one file; those without it come first. */
const FILE_RECEIVERS = 500;
const REASON_CHARACTERS = 300;
const ESSENTIAL_CHARACTERS = 40;

export interface ResultContext {
	/** Entries of the catalogue: who has fewer does not have everything. */
	readonly fileCount: number;
	readonly expected: ReadonlyMap<number, ExpectedReceiver>;
	/** Seconds from the start of the job until a receiver had its last file. */
	readonly secondsOf: ReadonlyMap<number, number>;
	/** Receivers whose keys keep them out, and why. */
	readonly keptOut: ReadonlyMap<number, string>;
}

/** One line for each receiver that was named, expected, or came by itself; sorted by UID. */
export function receiverResults(end: Pick<SendingEnd, 'results'>, context: ResultContext): ReceiverResult[] {
	const results = new Map<number, ReceiverResult>();
	for (const { receiverId } of context.expected.values()) {
		results.set(receiverId, named(receiverId, 'mute', context, whyMute(receiverId, context)));
	}
	for (const each of end.results) results.set(each.receiverId, resultOf(each, context));
	const sorted = [...results.entries()].sort(([a], [b]) => a - b).map(([, result]) => result);
	return sorted.length <= DETAILED_RECEIVERS ? sorted : sorted.map(essentials);
}

function resultOf(each: SessionResult, context: ResultContext): ReceiverResult {
	const files = each.filesReceived + each.filesOverwritten + each.filesSkipped;
	let outcome: Outcome = each.outcome;
	let reason = each.reason;
	if (isDelivered(outcome) && files < context.fileCount) {
		outcome = 'aborted';
		reason ??= `It has ${files} of ${context.fileCount} files: the others could not be read here.`;
	}
	if (outcome === 'mute') reason ??= whyMute(each.receiverId, context);
	// What to do about its key is worth more than what the key exchange ended with.
	if (!isDelivered(outcome)) reason = context.keptOut.get(each.receiverId) ?? reason;
	const seconds = context.secondsOf.get(each.receiverId);
	return {
		...named(each.receiverId, outcome, context, reason),
		...(each.address === undefined ? {} : { address: each.address.host }),
		...(each.viaProxyId === undefined ? {} : { via: formatUid(each.viaProxyId) }),
		files,
		bytes: each.bytes,
		...(seconds === undefined || !isDelivered(outcome) ? {} : { seconds }),
	};
}

function whyMute(receiverId: number, { keptOut }: ResultContext): string {
	return keptOut.get(receiverId) ?? 'It did not answer the announcement.';
}

function named(
	receiverId: number,
	outcome: Outcome,
	{ expected }: ResultContext,
	reason: string | undefined,
): ReceiverResult {
	const known = expected.get(receiverId);
	return {
		uid: formatUid(receiverId),
		outcome,
		...(known?.address === undefined ? {} : { address: known.address }),
		...(known === undefined ? {} : { host: known.host }),
		...reasonField(reason, REASON_CHARACTERS),
	};
}

function essentials(result: ReceiverResult): ReceiverResult {
	return isDelivered(result.outcome)
		? { uid: result.uid, outcome: result.outcome }
		: {
				uid: result.uid,
				outcome: result.outcome,
				...reasonField(result.reason, ESSENTIAL_CHARACTERS),
			};
}

/** How one file ended at each receiver. */
export function fileResults(results: readonly FileResult[]): ReceiverResult[] {
	return results
		.map(
			({ receiverId, viaProxyId, outcome, elapsedMs, reason }): ReceiverResult => ({
				uid: formatUid(receiverId),
				outcome,
				...(viaProxyId === undefined ? {} : { via: formatUid(viaProxyId) }),
				...(isDelivered(outcome) ? { seconds: Math.max(0, elapsedMs / 1000) } : {}),
				...reasonField(reason, REASON_CHARACTERS),
			}),
		)
		.sort((a, b) => Number(isDelivered(a.outcome)) - Number(isDelivered(b.outcome)))
		.slice(0, FILE_RECEIVERS);
}
