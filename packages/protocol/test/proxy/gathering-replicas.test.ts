/** Response proxies that stand in for each other, with our sender and receivers: what happens when one of them dies. */

import { isMulticast, MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { type Endpoint, makeBatch, type SenderConfig, SingleArrival } from '../../src/index.ts';
import { GatheringProxy } from '../../src/proxy/index.ts';
import {
	ALICE,
	ECDSA_GCM,
	ecKey,
	P256,
	RSA_HMAC,
	receiverSecurity,
	SENDER,
	SecuredPair,
	senderSecurity,
} from '../secured/pair.ts';
import { PROXY_RSA, proxyConfig, proxySecurity } from './security/hop.ts';

const AT: readonly Endpoint[] = [
	{ host: '10.0.0.8', port: 1044 },
	{ host: '10.0.0.9', port: 1044 },
];
const PROXY_IDS = [0x0a000008, 0x0a000009] as const;
const RECEIVERS = 4;
const IDS = Array.from({ length: RECEIVERS }, (_, index) => ALICE + index);

/** A sender, two response proxies, and receivers that the first one serves, or each of them the half. */
class Replicas {
	readonly pair: SecuredPair;
	readonly proxies: GatheringProxy[] = [];
	/** Of each proxy: datagrams that it sent to the sender. */
	readonly sent: Uint8Array[][] = [[], []];
	/** Which proxy a receiver answers to. */
	readonly servedBy: number[];
	readonly #dead = new Set<number>();

	constructor(security: SenderConfig['security'], servedBy: readonly number[]) {
		const isRsa = security?.suite === RSA_HMAC;
		this.servedBy = [...servedBy];
		const sender = { security, proxies: [...PROXY_IDS], targets: IDS };
		this.pair = new SecuredPair(
			sender,
			IDS.map(() => receiverSecurity()),
			2_000_000,
		);
		for (const [index, proxyId] of PROXY_IDS.entries()) {
			const keys = proxySecurity({ keys: [isRsa ? PROXY_RSA : ecKey()], agreementCurve: P256 });
			const choices = { proxyId, ownAddresses: [AT[index].host], publicGroups: ['230.4.4.1'] };
			this.proxies.push(new GatheringProxy(proxyConfig('response', keys, choices), this.pair.now));
		}
		for (const [index, { node }] of this.pair.receivers.entries()) {
			node.setResponseProxy(this.pair.now, { endpoint: AT[this.servedBy[index]] });
		}
		this.pair.tamper = ({ toReceivers, from, bytes }) => {
			if (!toReceivers) this.#hear(this.servedBy[from], this.pair.receivers[from].endpoint, bytes);
			else for (const proxy of this.proxies.keys()) this.#hear(proxy, SENDER, bytes);
			return toReceivers ? bytes : undefined;
		};
	}

	/** The proxy says nothing any more, and its receivers are told to go to the other one. */
	kill(dead: number): void {
		this.#dead.add(dead);
		const other = 1 - dead;
		for (const [index, { node }] of this.pair.receivers.entries()) {
			if (this.servedBy[index] !== dead) continue;
			this.servedBy[index] = other;
			node.setResponseProxy(this.pair.now, { endpoint: AT[other] });
			node.responseProxyLost(this.pair.now, AT[dead]);
		}
	}

	#hear(proxy: number, from: Endpoint, bytes: Uint8Array): void {
		if (this.#dead.has(proxy)) return;
		const { now } = this.pair;
		this.proxies[proxy].handle(now, new SingleArrival(from, bytes.slice()));
		this.#drain(proxy);
	}

	#drain(proxy: number): void {
		const batch = makeBatch();
		while (this.proxies[proxy].pollEvent() !== undefined);
		while (this.proxies[proxy].pollTransmit(this.pair.now, batch)) {
			const bytes = batch.bytes.slice(0, batch.lastLength);
			const to = batch.destination;
			if (to.host === SENDER.host) {
				this.sent[proxy].push(bytes);
				this.pair.giveSender(bytes, AT[proxy]);
				continue;
			}
			for (const [index, { endpoint }] of this.pair.receivers.entries()) {
				if (isMulticast(to.host) || to.host === endpoint.host) this.pair.give(index, bytes, AT[proxy]);
			}
		}
	}

	run(ms: number, isOver: () => boolean = () => this.pair.session.end !== undefined): void {
		for (let passed = 0; passed < ms && !isOver(); passed++) {
			this.pair.run(1);
			for (const [index, proxy] of this.proxies.entries()) {
				if (this.#dead.has(index) || proxy.pollTimeout() > this.pair.now) continue;
				proxy.handleTimeout(this.pair.now);
				this.#drain(index);
			}
		}
	}

	runIntoFile(): void {
		this.run(4000, () => this.pair.senderKinds('fileStarted').length > 0);
		this.run(10);
		expect(this.pair.session.end).toBeUndefined();
	}
}

const SESSIONS = [
	['in the clear', undefined],
	['AES-GCM', senderSecurity({ suite: ECDSA_GCM })],
	['RSA and HMAC', senderSecurity({ suite: RSA_HMAC })],
] as const;

describe.each(SESSIONS)('the death of a response proxy in mid-file (%s)', (_name, security) => {
	it.each([
		['that served nobody before', [0, 0, 0, 0]],
		['that serves others, too', [0, 1, 0, 1]],
	])('costs no receiver its file when they go to one %s', (_who, servedBy) => {
		const session = new Replicas(security, servedBy);
		session.runIntoFile();
		session.kill(0);
		session.run(60_000);
		const results = session.pair.session.end?.results ?? [];
		const outcomes = IDS.map((id) => results.find(({ receiverId }) => receiverId === id)?.outcome);
		expect(outcomes).toEqual(IDS.map(() => 'received'));
		for (const index of IDS.keys()) {
			expect(session.pair.receiverKinds('sessionEnded', index)).toMatchObject([
				{ outcome: 'completed', filesReceived: 1 },
			]);
			// The pair keeps the bytes of sealed blocks only.
			if (security !== undefined) expect(session.pair.hasFile(index)).toBe(true);
		}
	});
});

describe('answers that a response proxy has no keys for', () => {
	it('go on to the sender as they stand, and not without bounds', () => {
		const session = new Replicas(SESSIONS[1][1], [0, 0, 0, 0]);
		session.runIntoFile();
		session.kill(0);
		session.run(60_000);
		const strays = session.sent[1].filter((bytes) => bytes[1] === MessageType.ENCRYPTED);
		expect(strays.length).toBeGreaterThanOrEqual(RECEIVERS);
		const ids = strays.map((bytes) => new DataView(bytes.buffer).getUint32(4));
		expect(ids.every((id) => IDS.includes(id))).toBe(true);
	});
});
