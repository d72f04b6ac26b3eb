/** Whether a server proxy forwards a session that is announced to it. */
import { type Announce, formatUid, hostKey, isUnspecified } from '@uftp/wire';
import type { Endpoint } from '../../ports.ts';
import { formatEndpoint } from '../../shared/endpoints.ts';
import { groupsRefusal } from '../announced-groups.ts';
import type { ServerProxyConfig } from '../proxy-config.ts';

export class AnnounceCheck {
	readonly #security: ServerProxyConfig['security'];
	/** Of the public groups; empty: any. */
	readonly #groups: ReadonlySet<number>;

	constructor(config: ServerProxyConfig) {
		this.#security = config.security;
		this.#groups = new Set(config.publicGroups.map(hostKey));
	}

	/** Why the session is not forwarded, as a sentence; undefined if it is. */
	refusal(announce: Announce, senderId: number, from: Endpoint): string | undefined {
		const groups = groupsRefusal(announce, this.#security?.sourceSpecific === true);
		if (groups !== undefined) return groups;
		const { publicAddress } = announce;
		if (this.#groups.size > 0 && !isUnspecified(publicAddress) && !this.#groups.has(hostKey(publicAddress))) {
			return `Announced to ${publicAddress}, which is not a public group of this proxy`;
		}
		return this.#senderRefusal(announce, senderId, from);
	}

	/** Keys are for those at the ends: a server proxy asks who somebody says to be, and from where. */
	#senderRefusal(announce: Announce, senderId: number, from: Endpoint): string | undefined {
		if (this.#security === undefined) return undefined;
		const { encryptedOnly, senders } = this.#security;
		if (encryptedOnly && announce.encInfo === undefined) return 'No unencrypted transfers allowed';
		if (senders === undefined || this.isListed(senderId, from)) return undefined;
		return `Sender ${formatUid(senderId)} at ${formatEndpoint(from)} is not in this proxy's list`;
	}

	/** Whether there is a list, and the sender is in it with this address. */
	isListed(senderId: number, from: Endpoint): boolean {
		const senders = this.#security?.senders;
		if (senders === undefined) return false;
		// Link-local IPv6 addresses come with the interface that they came by.
		const key = hostKey(from.host);
		return senders.some(
			(entry) => entry.senderId === senderId && (entry.address === undefined || hostKey(entry.address) === key),
		);
	}
}
