/**
 * Who speaks in a control message of a session. Besides the sender it may be the response proxy of this receiver: it hands
 * on the group key in the sender's name, and ends the session of one of its receivers in its own.
 */
import { type CommonHeader, MessageType } from '@uftp/wire';
import type { Arrival } from '../../arrival.ts';
import type { DropReason } from '../../drop-reason.ts';
import { isSameEndpoint } from '../../shared/endpoints.ts';
import type { SessionContext } from '../session-context.ts';

export type Origin =
	| 'sender'
	/** Not the sender, though it may say so: what it tells of the clockwork does not count. */
	| 'proxy';

/** Why a message is nobody's; `isOrdinary`: it happens on any network with response proxies. */
export interface NoOrigin {
	readonly reason: DropReason;
	readonly isOrdinary: boolean;
}

const OF_ANOTHER_PROXY: NoOrigin = { reason: 'other-proxy', isOrdinary: true };

/** Who sent a message in the clear. */
export function originOf(
	context: SessionContext,
	{ func, sourceId, groupInstance }: Readonly<CommonHeader>,
	arrival: Arrival,
): Origin | NoOrigin {
	const { link } = context;
	const isInSendersName = sourceId === link.senderId;
	if (groupInstance !== link.groupInstance) return strange(isInSendersName ? 'wrong-instance' : 'wrong-source');
	if (link.proxy !== undefined && isSameEndpoint(arrival.source(), link.proxy)) {
		if (func === MessageType.ABORT) return 'proxy';
		if (isInSendersName && (func === MessageType.KEYINFO || func === MessageType.REG_CONF)) return 'proxy';
	}
	// Every response proxy of the network speaks to its own receivers by the group that all are in.
	if (!isInSendersName) return func === MessageType.ABORT ? OF_ANOTHER_PROXY : strange('wrong-source');
	const { sourceKey } = arrival;
	if (func === MessageType.KEYINFO && !context.senderHosts.isKnown(sourceKey)) {
		// With IPv6 it may be the sender itself, by another of its addresses: then the keys of this receiver can read it.
		return sourceKey < 0 ? 'proxy' : OF_ANOTHER_PROXY;
	}
	return context.senderHosts.accepts(sourceKey) ? 'sender' : strange('wrong-address');
}

function strange(reason: DropReason): NoOrigin {
	return { reason, isOrdinary: false };
}
