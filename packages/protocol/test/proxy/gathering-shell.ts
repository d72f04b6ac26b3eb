/** A shell around a gathering proxy, with the sender and the receivers played by the test. Time is the tests' own. */
import {
	type Announce,
	type CommonHeader,
	type Datagram,
	decodeDatagram,
	encodeMessage,
	encodeRtt,
	HEADER_BYTES,
	isMalformed,
	type Message,
	type MessageByType,
	MessageType,
	spanOf,
	writeHeader,
} from '@uftp/wire';
import { type Endpoint, type GatheringProxyConfig, PROXY_DEFAULTS } from '../../src/index.ts';
import { GatheringProxy } from '../../src/proxy/index.ts';
import { ProxyShell, type Sent } from './proxy-shell.ts';

export type { Sent } from './proxy-shell.ts';

import { OWN_MARKER_BYTES, writeOwnMarker } from '../../src/shared/own-marker.ts';

export const SENDER: Endpoint = { host: '10.0.0.1', port: 40_000 };
export const SENDER_ID = 0x0a000001;
export const GROUP_ID = 0x1111_2222;
export const PROXY: Endpoint = { host: '10.1.0.9', port: 1044 };
export const PROXY_ID = 0x0a010009;
export const PUBLIC: Endpoint = { host: '230.4.4.1', port: 1044 };
export const PRIVATE: Endpoint = { host: '230.5.5.7', port: 1044 };
export const GRTT_MS = 10;
/** What a GRTT of 10 ms is after its way over the wire. */
export const HELD_MS = 11;

export const receiverId = (n: number): number => 0x0a010100 + n;
export const receiverAt = (n: number): Endpoint => ({ host: `10.1.${1 + (n >> 8)}.${n & 255}`, port: 1044 });

export class GatheringShell extends ProxyShell<GatheringProxy> {
	constructor(changes: Partial<GatheringProxyConfig> = {}) {
		const config: GatheringProxyConfig = {
			kind: 'client',
			proxyId: PROXY_ID,
			ownAddresses: [PROXY.host],
			ownPort: PROXY.port,
			instance: [1, 2],
			sessionsMax: 3,
			seed: 1,
			publicGroups: changes.kind === 'response' ? [PUBLIC.host] : [],
			receiverPort: 1044,
			holdPercent: PROXY_DEFAULTS.holdPercent,
			receiversMax: PROXY_DEFAULTS.receiversMax,
			...changes,
		};
		super((now) => new GatheringProxy(config, now));
	}

	fromSender<T extends MessageType>(func: T, message: MessageByType[T], header: Partial<CommonHeader> = {}): Sent[] {
		return this.receive(SENDER, datagram(func, message, { grtt: encodeRtt(GRTT_MS / 1000), ...header }));
	}

	/** A message of receiver `n`. */
	fromReceiver<T extends MessageType>(n: number, func: T, message: MessageByType[T]): Sent[] {
		return this.receive(receiverAt(n), datagram(func, message, { sourceId: receiverId(n) }));
	}

	announce(changes: Partial<Announce> = {}, header: Partial<CommonHeader> = {}): Sent[] {
		return this.fromSender(MessageType.ANNOUNCE, announcement(changes), header);
	}

	/** Receiver `n` registers; `instance`: one of ours. */
	register(n: number, instance?: readonly [number, number]): Sent[] {
		return this.fromReceiver(n, MessageType.REGISTER, registration(instance));
	}

	/** A session with receivers 1 to `count`, who have been confirmed; what was sent for it is forgotten. */
	start(count: number): void {
		this.announce();
		for (let n = 1; n <= count; n++) this.register(n);
		this.advance(HELD_MS);
		const ids = [PROXY_ID, ...Array.from({ length: count }, (_, i) => receiverId(i + 1))];
		this.fromSender(MessageType.REG_CONF, { ids });
		this.sent.length = 0;
		this.events.length = 0;
	}
}

/** The messages of one type among what was sent to the sender, decoded. */
export function up<T extends MessageType>(
	sent: readonly Sent[],
	func: T,
): (MessageByType[T] & { datagram: Datagram })[] {
	return decoded(sent, func, ({ to }) => to === SENDER || (to.host === SENDER.host && to.port === SENDER.port));
}

/** The same for what was sent to anybody else. */
export function down<T extends MessageType>(
	sent: readonly Sent[],
	func: T,
): (MessageByType[T] & { datagram: Datagram })[] {
	return decoded(sent, func, ({ to }) => to.host !== SENDER.host);
}

function decoded<T extends MessageType>(
	sent: readonly Sent[],
	func: T,
	isMeant: (one: Sent) => boolean,
): (MessageByType[T] & { datagram: Datagram })[] {
	const messages: (MessageByType[T] & { datagram: Datagram })[] = [];
	for (const one of sent) {
		if (!isMeant(one)) continue;
		const whole = decodeDatagram(one.bytes, 0, one.bytes.length);
		if (isMalformed(whole)) throw new Error(`the proxy sent what cannot be read: ${whole.malformed}`);
		if (whole.header.func !== func) continue;
		messages.push({ ...(whole.content.message as MessageByType[T]), datagram: whole });
	}
	return messages;
}

export function datagram<T extends MessageType>(
	func: T,
	message: MessageByType[T],
	header: Partial<CommonHeader> = {},
): Uint8Array {
	const bytes = new Uint8Array(9000);
	const base = { func, sequence: 0, sourceId: SENDER_ID, groupId: GROUP_ID, groupInstance: 0, grtt: 0, groupSize: 0 };
	writeHeader(bytes, 0, { ...base, ...header });
	const length = encodeMessage(bytes, HEADER_BYTES, { func, message } as unknown as Message);
	return bytes.slice(0, HEADER_BYTES + length);
}

export function announcement(changes: Partial<Announce> = {}): Announce {
	return {
		...{ sync: false, preview: false, family: 4, robust: 20, ccType: 0, blockBytes: 1300 },
		...{ timestamp: { seconds: 100, microseconds: 0 }, publicAddress: PUBLIC.host, privateAddress: PRIVATE.host },
		ids: [],
		...changes,
	};
}

export function registration(instance?: readonly [number, number], seconds = 100): MessageByType[2] {
	const rand2 = new Uint8Array(OWN_MARKER_BYTES);
	if (instance !== undefined) writeOwnMarker(rand2, instance);
	return { timestamp: { seconds, microseconds: 0 }, rand2, keyInfo: spanOf(new Uint8Array(0)), ids: [] };
}
