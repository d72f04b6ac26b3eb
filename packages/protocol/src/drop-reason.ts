/**
 * Why a node does not use a datagram: one table for sender, receiver and proxies, and for their counters
 * (`dropped.<reason>`). A reason is a fixed word, never text from the network, so tables by reason stay small.
 */
import { MALFORMED_REASONS } from '@uftp/wire';

export const DROP_REASONS = {
	...MALFORMED_REASONS,

	// who it is from
	'own-echo': 'This node sent the datagram itself, and the network returned it.',
	'unknown-group': 'It belongs to a session that this node does not know.',
	'no-group': 'It carries no group id, and is no message that goes without one.',
	'wrong-source': 'Its source id is not that of the node that may send it in this session.',
	'wrong-address': 'It carries the id of a node of the session, but comes from another address.',
	'wrong-instance': 'It belongs to another run of the session.',
	'old-instance': 'It belongs to an earlier run of the session.',
	'unknown-receiver': 'It is from a receiver that is not in the session.',
	'unknown-node': 'It is from an address that has no part in the session.',
	'not-behind-proxy': 'A proxy answers for receivers that are not behind it.',
	'other-proxy': 'It is from, or for, another response proxy than that of this receiver.',
	'duplicate-id': 'Another node of the session has its id.',
	'receiver-refused': 'The receiver was refused, and goes on sending.',

	// whether it is legal at all, and now
	'wrong-role': 'A node of this role never sends this message, or it is not meant for nodes of this role.',
	'wrong-phase': 'The message has no meaning in the current phase of the session.',
	'session-over': 'The session is over.',
	'clear-in-encrypted-session': 'The message is in the clear, but the session is encrypted.',
	'encrypted-in-clear-session': 'The message is encrypted, but the session is in the clear.',
	'never-encrypted': 'A message of this type is never sent encrypted.',
	'proxy-only-hop': 'A proxy sent a message that only the sender may send.',
	'announce-from-downstream': 'A session is announced from the side of the receivers.',
	'file-id-zero': 'It names file 0, which stands for the whole session.',

	// what it says or proves
	'announce-ignored': 'The announcement is not for this node, or cannot be accepted.',
	'announce-not-rewritten': 'The announcement cannot be passed on with the proxy’s own key.',
	'no-group-key-yet': 'It is encrypted, and the group key has not come yet.',
	'no-keys': 'It is encrypted by a node that has no keys in this session.',
	replayed: 'The same encrypted datagram came before.',
	malformed: 'What stands inside the encrypted message cannot be read.',
	'unknown-signer': 'Nobody knows the key that it should be signed with.',
	forged: 'Its signature or its authentication tag is wrong.',
	'badly-padded': 'It does not decrypt to whole blocks.',
	'not-signed': 'It cannot be signed anew for the next hop.',
	'not-opened': 'It cannot be decrypted.',
	'key-info-not-for-our-keys': 'The group key in it does not decrypt with the keys of this node.',
	'proxy-key-invalid': 'The PROXY_KEY is not signed as it must be, or by a key that is not accepted.',
	'proxy-key-unasked': 'The PROXY_KEY is not from the response proxy of this receiver.',
	'heartbeat-unasked': 'It answers a heartbeat that this proxy did not send.',
	'heartbeat-wrong-key': 'The heartbeat shows another key than the site is known by.',
	'heartbeat-forged': 'The signature of the heartbeat is wrong.',

	// what is bounded
	'too-many-registers': 'More nodes register at once than this node takes; those that repeat it come first.',
	'too-many-receivers': 'The session has as many receivers as it may have.',
	'too-many-heartbeats': 'More heartbeats came than this node answers.',
	'too-many-signatures': 'More signatures came than this node checks in that time.',
	'too-many-key-requests': 'The key was sent a short while ago, or is sent soon.',
	'too-many-answers': 'More answers came that must be passed on one by one than this node passes on.',
	'too-many-announces': 'More announcements came from unproved sources than this node looks at in that time.',
	'too-many-refusals': 'More refusals were due than this node sends in that time.',
	'queue-full': 'The queue of messages to send is full.',
	'event-queue-full': 'An event for the shell was left out: its queue is full.',

	// what is not the network's fault
	'internal-error': 'This program failed while it handled the datagram.',
} as const;

/** A key of `DROP_REASONS`. */
export type DropReason = keyof typeof DROP_REASONS;

/** Counts dropped datagrams by reason. */
export class DropCounts {
	readonly #counts = new Map<DropReason, number>();

	count(reason: DropReason): void {
		this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
	}

	/** Adds what has been counted to `result`, as `dropped.<reason>`. */
	addTo(result: Record<string, number>): void {
		for (const [reason, count] of this.#counts) result[`dropped.${reason}`] = count;
	}
}
