/** What a receiver says to an ANNOUNCE of a session that it does not know yet. */

import { type Announce, CcType, type CommonHeader, isMulticast, isUnspecified } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { Endpoint } from '../../ports.ts';
import type { SessionSecurity } from '../../shared/security/session-security.ts';
import type { SessionTerms } from '../session-context.ts';

/** An ANNOUNCE as it came: the whole datagram is bytes[at .. at+length). */
export interface HeardAnnounce {
	readonly from: Endpoint;
	readonly header: Readonly<CommonHeader>;
	readonly announce: Announce;
	readonly bytes: Uint8Array;
	readonly at: number;
	readonly length: number;
	/** See `KnownSenders`. */
	readonly isKnown: boolean;
}

export type Verdict =
	/** `security`: the keys of an encrypted session. */
	| { readonly kind: 'join'; readonly security: SessionSecurity | undefined }
	/** Not for this receiver, or no room: no answer. */
	| { readonly kind: 'ignore'; readonly reason: string }
	/** Not yet: it may be judged again when the response proxy has said its key. */
	| { readonly kind: 'wait'; readonly reason: string }
	/** Asked for, but impossible: the sender is told with an ABORT. */
	| { readonly kind: 'refuse'; readonly reason: string };

/**
 * Judges an announcement for receiver `receiverId`; `acceptance` says what the session's security makes of it, `hasRoom`
 * finds a place among its sessions for a sender whose key is pinned in the list, or for another.
 */
export function judge(
	announce: Announce,
	receiverId: number,
	acceptance: () => Verdict,
	hasRoom: (isPinned: boolean) => boolean,
): Verdict {
	const isClosed = announce.ids.length > 0;
	if (isClosed && !announce.ids.includes(receiverId)) {
		return { kind: 'ignore', reason: 'A closed group that does not list this receiver' };
	}
	if (announce.ccType !== CcType.NONE && announce.ccType !== CcType.TFMCC) {
		return {
			kind: 'refuse',
			reason: `Congestion control of type ${announce.ccType} is not supported, only TFMCC (2) is`,
		};
	}
	const { privateAddress } = announce;
	if (!isMulticast(privateAddress) && !isUnspecified(privateAddress)) {
		return { kind: 'refuse', reason: 'Invalid multicast address' };
	}
	const accepted = acceptance();
	if (accepted.kind !== 'join') return accepted;
	if (!hasRoom(accepted.security?.facts.isPinned === true))
		return { kind: 'ignore', reason: 'Too many sessions at the same time' };
	return accepted;
}

/** What an announcement that came at `now` says; packets are taken from `source` only, if it is given. */
export function termsOf(now: number, announce: Announce, source: string | undefined): SessionTerms {
	assert(announce.blockBytes > 0, 'a session has a block size');
	return {
		robust: announce.robust,
		blockBytes: announce.blockBytes,
		sync: announce.sync,
		preview: announce.preview,
		privateGroup: privateGroupOf(announce),
		source,
		isOpenGroup: announce.ids.length === 0,
		announced: { timestamp: announce.timestamp, heardAt: now },
		isCongestionControlled: announce.ccType === CcType.TFMCC,
	};
}

/** The group that the shell joins; undefined in unicast mode. */
function privateGroupOf(announce: Announce): string | undefined {
	return isUnspecified(announce.privateAddress) ? undefined : announce.privateAddress;
}
