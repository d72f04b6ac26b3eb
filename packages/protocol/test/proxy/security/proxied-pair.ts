/** A sender, a gathering proxy and receivers in one process: whole encrypted sessions, on a network that can be changed. */

import { isMulticast } from '@uftp/wire';
import {
	type Endpoint,
	type GatheringProxyConfig,
	makeBatch,
	type ProxyEvent,
	type ReceiverSecurityConfig,
	type SenderConfig,
	SingleArrival,
} from '../../../src/index.ts';
import { GatheringProxy } from '../../../src/proxy/gathering/gathering-proxy.ts';
import { SENDER, SecuredPair } from '../../secured/pair.ts';
import { PROXY_AT, PROXY_ID } from './hop.ts';

/** What the network makes of a datagram between receivers and proxy: nothing (lost), or another one. */
export type LocalTamper = (to: Endpoint, from: Endpoint, bytes: Uint8Array) => Uint8Array | undefined;

export class ProxiedPair {
	readonly pair: SecuredPair;
	readonly proxy: GatheringProxy;
	readonly events: ProxyEvent[] = [];
	/** What the proxy sent, and where. */
	readonly sent: { readonly to: Endpoint; readonly bytes: Uint8Array }[] = [];
	tamper: LocalTamper = (_to, _from, bytes) => bytes;
	/** The proxy is gone: it hears nothing and says nothing. */
	isDead = false;
	readonly #batch = makeBatch();

	constructor(
		config: GatheringProxyConfig,
		sender: Partial<SenderConfig>,
		receivers: readonly ReceiverSecurityConfig[],
		fileBytes = 3000,
	) {
		this.pair = new SecuredPair({ proxies: [PROXY_ID], ...sender }, receivers, fileBytes);
		this.proxy = new GatheringProxy(config, this.pair.now);
		const isResponse = config.kind === 'response';
		if (isResponse) {
			for (const { node } of this.pair.receivers) node.setResponseProxy(this.pair.now, { endpoint: PROXY_AT });
		}
		this.pair.tamper = ({ toReceivers, from, bytes }) => {
			if (toReceivers) {
				this.hear(SENDER, bytes);
				return isResponse ? bytes : undefined;
			}
			// Its receivers have been told by now, and answer the sender.
			if (this.isDead) return bytes;
			const { endpoint } = this.pair.receivers[from];
			const arriving = this.tamper(PROXY_AT, endpoint, bytes);
			if (arriving !== undefined) this.hear(endpoint, arriving);
			return undefined;
		};
	}

	/** The proxy is given a datagram, as its driver does it. */
	hear(from: Endpoint, bytes: Uint8Array): void {
		if (this.isDead) return;
		const { now } = this.pair;
		// Not at the start of the memory, as in a batch.
		const at = 50;
		const memory = new Uint8Array(at + bytes.length + 50);
		memory.set(bytes, at);
		const way = this.proxy.handle(now, new SingleArrival(from, memory, { at, length: bytes.length }));
		if (way !== undefined) for (const to of this.proxy.destinations(way)) this.#send(to, bytes);
		memory.fill(0xdd);
		this.#drain();
	}

	#drain(): void {
		for (;;) {
			for (let event = this.proxy.pollEvent(); event; event = this.proxy.pollEvent()) this.events.push(event);
			if (!this.proxy.pollTransmit(this.pair.now, this.#batch)) return;
			const { bytes, count, stride, lastLength, destination } = this.#batch;
			for (let i = 0; i < count; i++) {
				const length = i === count - 1 ? lastLength : stride;
				this.#send(destination, bytes.slice(i * stride, i * stride + length));
			}
		}
	}

	#send(to: Endpoint, bytes: Uint8Array): void {
		this.sent.push({ to, bytes });
		if (to.host === SENDER.host) {
			this.pair.giveSender(bytes, PROXY_AT);
			return;
		}
		for (const [index, { endpoint }] of this.pair.receivers.entries()) {
			if (!isMulticast(to.host) && to.host !== endpoint.host) continue;
			const arriving = this.tamper(endpoint, PROXY_AT, bytes);
			if (arriving !== undefined) this.pair.give(index, arriving, PROXY_AT);
		}
	}

	/**
	 * Lets time pass, a millisecond at a time: the pair does not know that the proxy has timers. Stops early when the sender
	 * has ended the session.
	 */
	run(ms: number): void {
		for (let passed = 0; passed < ms && this.pair.session.end === undefined; passed++) {
			this.pair.run(1);
			if (this.isDead || this.proxy.pollTimeout() > this.pair.now) continue;
			this.proxy.handleTimeout(this.pair.now);
			this.#drain();
		}
	}

	of<K extends ProxyEvent['kind']>(kind: K): Extract<ProxyEvent, { kind: K }>[] {
		return this.events.filter((event) => event.kind === kind) as never;
	}
}
