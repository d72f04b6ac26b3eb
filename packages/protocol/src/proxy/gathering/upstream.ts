/** What the sender says to a session that a gathering proxy serves, as far as the proxy has a part in it. */
import {
	decodeAbort,
	decodeDoneConf,
	decodeFileInfo,
	decodeKeyInfo,
	decodeRegConf,
	encodeKeyInfoAck,
	isMalformed,
	type Malformed,
	MessageType,
} from '@uftp/wire';
import { assert } from '../../assert.ts';
import { decodeBody, type HandledDatagram } from '../handled-datagram.ts';
import type { KeyDelivery } from './key-delivery.ts';
import type { RelayContext } from './relay-context.ts';

/** A message of the sender that has been admitted, opened if it was sealed. It has been forwarded already if it is to be. */
export interface SendersMessage extends Omit<HandledDatagram, 'from' | 'sourceKey'> {
	readonly isSealed: boolean;
}

export class Upstream {
	readonly #context: RelayContext;
	readonly #keys: KeyDelivery;

	constructor(context: RelayContext, keys: KeyDelivery) {
		this.#context = context;
		this.#keys = keys;
	}

	handle(message: SendersMessage): Malformed | undefined {
		switch (message.header.func) {
			case MessageType.REG_CONF: {
				const confirmation = decodeBody(decodeRegConf, message);
				if (isMalformed(confirmation)) return confirmation;
				this.#confirm(message.now, confirmation.ids);
				return undefined;
			}
			case MessageType.KEYINFO:
				return this.#handleKeyInfo(message);
			case MessageType.FILEINFO: {
				// A sender describes files only to those whose REGISTER it has.
				const description = decodeBody(decodeFileInfo, message);
				if (isMalformed(description)) return description;
				this.#confirm(message.now, description.ids);
				return undefined;
			}
			case MessageType.DONE_CONF: {
				const end = decodeBody(decodeDoneConf, message);
				if (isMalformed(end)) return end;
				for (const id of end.ids) this.#complete(id);
				return undefined;
			}
			case MessageType.ABORT:
				return this.#handleAbort(message);
			default:
				return undefined;
		}
	}

	#confirm(now: number, ids: readonly number[]): void {
		const { receivers, security } = this.#context;
		for (const id of ids) {
			const receiver = receivers.get(id);
			if (receiver === undefined || receiver.isUnproven || receiver.isConfirmed) continue;
			receiver.isConfirmed = true;
			assert(
				security === undefined || !security.needsClientKeys || receiver.fingerprint !== undefined,
				'who is confirmed has shown its key',
			);
			if (security === undefined) this.#context.emitConfirmed(receiver);
			else this.#keys.start(now, receiver);
		}
	}

	/** The sender may mean another with this id, that has not come by this proxy. */
	#complete(id: number): void {
		const receiver = this.#context.receivers.get(id);
		if (receiver !== undefined && !receiver.isUnproven) this.#context.receivers.complete(receiver);
	}

	/** The proxy's own item is the group key; it is passed on to those receivers that are confirmed. */
	#handleKeyInfo(message: SendersMessage): Malformed | undefined {
		const { security, node } = this.#context;
		assert(security !== undefined, 'group keys are admitted in encrypted sessions only');
		const keyInfo = decodeBody(decodeKeyInfo, message);
		if (isMalformed(keyInfo)) return keyInfo;
		const item = keyInfo.items.find(({ clientId }) => clientId === node.config.proxyId);
		if (item === undefined) return undefined;
		const before = security.sealer;
		if (!security.takeGroupKey(keyInfo.counter, message.header.sourceId, item)) {
			node.counters.drop('key-info-not-for-our-keys');
			return undefined;
		}
		assert(security.hasGroupKey, 'a group key that has been taken is there');
		const verifyData = security.verifyData();
		this.#context.sendUp(message.now, MessageType.KEYINFO_ACK, (into, intoAt) =>
			encodeKeyInfoAck(into, intoAt, { verifyData }),
		);
		if (security.sealer !== before) this.#keys.startAll(message.now);
		return undefined;
	}

	#handleAbort(message: SendersMessage): Malformed | undefined {
		assert(message.header.func === MessageType.ABORT, 'an ABORT is handled as one');
		const abort = decodeBody(decodeAbort, message);
		if (isMalformed(abort)) return abort;
		const context = this.#context;
		const { receivers, security, node, terms } = context;
		// With the group key here a clear one may be forged; the receivers, who get it too, decide for themselves.
		if (security?.hasGroupKey === true && !message.isSealed) return undefined;
		if (abort.host === 0) {
			if (!abort.currentFileOnly) context.finish('aborted', `The sender aborted: ${abort.message}`);
			return undefined;
		}
		if (abort.host !== node.config.proxyId) {
			if (receivers.get(abort.host) === undefined) return undefined;
			context.drop(abort.host);
			const reason = `The sender aborted: ${abort.message}`;
			node.reports.emit({ kind: 'receiverAborted', groupId: terms.groupId, receiverId: abort.host, reason });
			return undefined;
		}
		// Meant for this proxy alone: its receivers would never know.
		for (const { id } of receivers.all()) context.abortReceiver(message.now, id, abort.message);
		context.finish('aborted', `The sender does not serve this proxy: ${abort.message}`);
		return undefined;
	}
}
