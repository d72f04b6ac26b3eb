/** Which senders a receiver accepts: its list, and whether it takes sessions in the clear. */
import { formatFingerprint, sameFingerprint } from '@uftp/crypto';
import { type Announce, formatUid, isSourceSpecificMulticast, isUnspecified } from '@uftp/wire';
import type { Endpoint } from '../../ports.ts';
import type { AllowedSender, ReceiverSecurityConfig } from '../../security-config.ts';

/** Why a sender is refused before anything is worked out, as a sentence for it; undefined if it may go on. */
export function senderRefusal(
	security: ReceiverSecurityConfig | undefined,
	announce: Announce,
	senderId: number,
	from: Endpoint,
	node: 'receiver' | 'proxy',
): string | undefined {
	if (security === undefined) {
		if (announce.encInfo === undefined) return undefined;
		return `This ${node} was started without encryption: it takes sessions in the clear only`;
	}
	const isClear = announce.encInfo === undefined;
	if (isClear && security.encryptedOnly) return 'No unencrypted transfers allowed';
	const { privateAddress } = announce;
	if (security.sourceSpecific === true && !isUnspecified(privateAddress)) {
		if (!isSourceSpecificMulticast(privateAddress)) {
			return `Invalid multicast address: this ${node} joins source-specific groups only (232.0.0.0/8, ff3x::)`;
		}
	}
	if (security.senders === undefined) return undefined;
	const entries = entriesOf(security.senders, senderId, from);
	if (entries.length === 0) {
		const isKnown = security.senders.some((entry) => entry.senderId === senderId);
		const uid = formatUid(senderId);
		if (isKnown)
			return `Sender ${uid} at ${from.host} is not in this ${node}'s list: it has the UID at another address`;
		return `Sender ${uid} at ${from.host} is not in this ${node}'s list`;
	}
	if (isClear && entries.every((entry) => entry.fingerprint !== undefined)) {
		return `No unencrypted transfers allowed: this ${node} knows the sender by its key`;
	}
	return undefined;
}

/**
 * Compares the key of an encrypted session's sender with the list: whether it is pinned there, or a sentence if it is
 * another one. The sender has passed `senderRefusal`.
 */
export function checkPinned(
	security: ReceiverSecurityConfig,
	senderId: number,
	from: Endpoint,
	offered: Uint8Array,
	node: 'receiver' | 'proxy',
): boolean | string {
	const entries = security.senders === undefined ? [] : entriesOf(security.senders, senderId, from);
	const pinned = entries.flatMap((entry) => entry.fingerprint ?? []);
	if (pinned.some((known) => sameFingerprint(known, offered))) return true;
	if (pinned.length === 0 || pinned.length < entries.length) return false;
	const known = pinned.map(formatFingerprint).join(' or ');
	return `The sender's key is ${formatFingerprint(offered)}, this ${node}'s list has ${known}`;
}

function entriesOf(senders: readonly AllowedSender[], senderId: number, from: Endpoint): AllowedSender[] {
	// Link-local IPv6 addresses come with the interface that they came by.
	const host = from.host.replace(/%.*$/, '');
	return senders.filter(
		(entry) => entry.senderId === senderId && (entry.address === undefined || entry.address === host),
	);
}
