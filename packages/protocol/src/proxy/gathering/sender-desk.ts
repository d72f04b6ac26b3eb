/** What the sender says to a session that a gathering proxy serves, as far as the proxy has a part in it. */
import {
	type CommonHeader,
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
import type { KeyDelivery } from './key-delivery.ts';
import type { RelayContext } from './relay-context.ts';
import type { RelayedReceiver } from './relayed-receivers.ts';

export class SenderDesk {
	readonly #context: RelayContext;
	readonly #keys: KeyDelivery;

	constructor(context: RelayContext, keys: KeyDelivery) {
		this.#context = context;
		this.#keys = keys;
	}

	/** A message in bytes[at .. at+length), behind the common header. It has been forwarded already if it is to be. */
	handle(
		now: number,
		header: Readonly<CommonHeader>,
		bytes: Uint8Array,
		at: number,
		length: number,
		isSealed: boolean,
	): Malformed | undefined {
		switch (header.func) {
			case MessageType.REG_CONF: {
				const message = decodeRegConf(bytes, at, length);
				if (isMalformed(message)) return message;
				this.#confirm(now, message.ids);
				return undefined;
			}
			case MessageType.KEYINFO:
				return this.#handleKeyInfo(now, header.sourceId, bytes, at, length);
			case MessageType.FILEINFO:
				return this.#handleFileInfo(now, bytes, at, length, isSealed);
			case MessageType.DONE_CONF: {
				// In an encrypted session a clear one may be forged.
				if (this.#context.security !== undefined && !isSealed) return undefined;
				const message = decodeDoneConf(bytes, at, length);
				if (isMalformed(message)) return message;
				for (const id of message.ids) this.#complete(id);
				return undefined;
			}
			case MessageType.ABORT:
				return this.#handleAbort(now, bytes, at, length, isSealed);
			default:
				return undefined;
		}
	}

	/** A sender describes files only to those whose REGISTER it has. In an encrypted session it says so sealed. */
	#handleFileInfo(
		now: number,
		bytes: Uint8Array,
		at: number,
		length: number,
		isSealed: boolean,
	): Malformed | undefined {
		if (this.#context.security !== undefined && !isSealed) return undefined;
		const message = decodeFileInfo(bytes, at, length);
		if (isMalformed(message)) return message;
		this.#confirm(now, message.ids);
		return undefined;
	}

	#confirm(now: number, ids: readonly number[]): void {
		const { receivers, security } = this.#context;
		for (const id of ids) {
			const receiver = receivers.get(id);
			if (receiver === undefined || receiver.isUnproven || receiver.isConfirmed) continue;
			receiver.isConfirmed = true;
			if (security === undefined) this.emitConfirmed(receiver);
			else this.#keys.start(now, receiver);
		}
	}

	emitConfirmed({ id: receiverId }: RelayedReceiver): void {
		const { node, terms } = this.#context;
		node.reports.emit({ kind: 'receiverConfirmed', groupId: terms.groupId, receiverId });
	}

	#complete(id: number): void {
		const receiver = this.#context.receivers.get(id);
		if (receiver !== undefined) this.#context.receivers.complete(receiver);
	}

	/** The proxy's own item is the group key; it is passed on to those receivers that are confirmed. */
	#handleKeyInfo(now: number, sourceId: number, bytes: Uint8Array, at: number, length: number): Malformed | undefined {
		const { security, node } = this.#context;
		if (security === undefined) return undefined;
		const message = decodeKeyInfo(bytes, at, length);
		if (isMalformed(message)) return message;
		const item = message.items.find(({ clientId }) => clientId === node.config.proxyId);
		if (item === undefined) return undefined;
		const before = security.sealer;
		if (!security.takeGroupKey(message.counter, sourceId, item)) {
			node.counters.drop('key-info-not-for-our-keys');
			return undefined;
		}
		const verifyData = security.verifyData();
		this.#context.sendUp(now, MessageType.KEYINFO_ACK, (into, intoAt) =>
			encodeKeyInfoAck(into, intoAt, { verifyData }),
		);
		if (security.sealer !== before) this.#keys.startAll(now);
		return undefined;
	}

	#handleAbort(now: number, bytes: Uint8Array, at: number, length: number, isSealed: boolean): Malformed | undefined {
		const message = decodeAbort(bytes, at, length);
		if (isMalformed(message)) return message;
		const context = this.#context;
		const { receivers, security, node, terms } = context;
		// With the group key here a clear one may be forged; the receivers, who get it too, decide for themselves.
		if (security?.hasGroupKey === true && !isSealed) return undefined;
		if (message.host === 0) {
			if (!message.currentFileOnly) context.finish('aborted', `The sender aborted: ${message.message}`);
			return undefined;
		}
		if (message.host !== node.config.proxyId) {
			if (receivers.get(message.host) === undefined) return undefined;
			receivers.delete(message.host);
			security?.forget(message.host);
			const reason = `The sender aborted: ${message.message}`;
			node.reports.emit({ kind: 'receiverAborted', groupId: terms.groupId, receiverId: message.host, reason });
			return undefined;
		}
		// Meant for this proxy alone: its receivers would never know.
		for (const { id } of receivers.all()) context.abortReceiver(now, id, message.message);
		context.finish('aborted', `The sender does not serve this proxy: ${message.message}`);
		return undefined;
	}
}
