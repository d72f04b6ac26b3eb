/** Which receivers a gathering proxy serves in a session: REGISTERs, keys, moved addresses, two nodes with one id. */
import { type ClientKey, formatUid, isUid, type Register } from '@uftp/wire';
import type { Endpoint } from '../../ports.ts';
import { Allowance } from '../../shared/allowance.ts';
import { silenceMs } from '../../shared/grtt.ts';
import { readOwnMarker } from '../../shared/own-marker.ts';
import type { AllowedReceiver } from '../proxy-config.ts';
import { Doubles } from './doubles.ts';
import { LATE_RECEIVERS_PER_SECOND } from './gathering-limits.ts';
import type { KeyDelivery } from './key-delivery.ts';
import type { RelayContext } from './relay-context.ts';
import type { RelayRegistration } from './relay-registration.ts';
import type { RelayedReceiver } from './relayed-receivers.ts';

export class RelayAdmission {
	readonly #context: RelayContext;
	readonly #registration: RelayRegistration;
	readonly #keys: KeyDelivery;
	readonly #doubles = new Doubles();
	readonly #late = new Allowance(LATE_RECEIVERS_PER_SECOND, 1000);
	/** Refusals that have been reported. */
	readonly #refused = new Set<string>();

	constructor(context: RelayContext, registration: RelayRegistration, keys: KeyDelivery) {
		this.#context = context;
		this.#registration = registration;
		this.#keys = keys;
	}

	handleRegister(now: number, from: Endpoint, id: number, message: Register, bytes: number): void {
		const { receivers, security, node } = this.#context;
		if (message.ids.length > 0 || !isUid(id)) {
			node.reports.drop(now, 'register-of-a-proxy', from);
			return;
		}
		const refusal = this.#refusal(id);
		if (refusal !== undefined) {
			this.#refuse(now, id, from, refusal);
			return;
		}
		const instance = readOwnMarker(message.rand2);
		const known = receivers.get(id);
		if (known !== undefined && !this.#isSame(now, known, from, instance)) {
			this.#refuseDouble(now, known, from, bytes);
			return;
		}
		const verdict = security?.register(now, id, from, message);
		if (verdict !== undefined && verdict.kind !== 'taken') {
			if (verdict.kind === 'refused') this.#refuseKeys(now, id, from, verdict.reason, bytes);
			else node.reports.drop(now, 'register-out-of-turn', from);
			return;
		}
		const receiver = known ?? receivers.add(now, id, from, instance);
		this.#note(now, receiver, from, instance);
		if (verdict?.fingerprint !== undefined) receiver.fingerprint = verdict.fingerprint;
		receiver.isUnproven = security?.needsClientKeys === true && receiver.fingerprint === undefined;
		receiver.registered = { timestamp: message.timestamp, heardAt: now };
		if (!receiver.isUnproven) this.#join(now, receiver, known === undefined);
	}

	/** CLIENT_KEY, which follows the REGISTER where keys must be shown. */
	handleClientKey(now: number, from: Endpoint, id: number, message: ClientKey, bytes: number): void {
		const { receivers, security, node } = this.#context;
		if (security === undefined || !security.needsClientKeys || this.#refusal(id) !== undefined) {
			node.counters.drop('unexpected-message');
			return;
		}
		const verdict = security.proveKey(now, id, from, message, this.#entry(id)?.fingerprint);
		if (verdict.kind !== 'taken') {
			if (verdict.kind === 'ignored') node.reports.drop(now, 'client-key-out-of-turn', from);
			else this.#refuseKeys(now, id, from, verdict.reason, bytes);
			return;
		}
		const receiver = receivers.get(id);
		if (receiver === undefined || !receiver.isUnproven) return;
		receiver.isUnproven = false;
		receiver.fingerprint = verdict.fingerprint;
		this.#join(now, receiver, true);
	}

	/** It has done all that is asked for; the sender is told, and told again if it repeats itself. */
	#join(now: number, receiver: RelayedReceiver, isNew: boolean): void {
		const { node, terms, totals, security } = this.#context;
		const { id: receiverId, address, instance, fingerprint } = receiver;
		totals.receivers = this.#context.receivers.count((one) => !one.isUnproven);
		if (isNew) {
			const isOurs = instance !== undefined;
			const shown = fingerprint === undefined ? {} : { fingerprint };
			const { groupId } = terms;
			node.reports.emit({ kind: 'receiverRegistered', groupId, receiverId, address, isOurs, ...shown });
		}
		// Confirmed ones that repeat themselves have missed the key, which comes from here.
		if (security !== undefined && receiver.isConfirmed) this.#keys.start(now, receiver);
		else this.#registration.add(now, receiver);
	}

	/** The receiver that an answer comes from; undefined if there is none, or the answer is another's. */
	receiverOf(now: number, id: number, from: Endpoint, bytes: number): RelayedReceiver | undefined {
		const receiver = this.#context.receivers.get(id);
		if (receiver === undefined || receiver.isUnproven) return undefined;
		if (!isFrom(receiver, from) && !this.#isSilent(now, receiver)) {
			this.#context.node.reports.drop(now, 'wrong-address', from);
			// A REG_CONF for the first one has confirmed the second one, too.
			if (receiver.hasDouble) this.#tellDouble(now, receiver, from, bytes);
			return undefined;
		}
		this.#note(now, receiver, from, receiver.instance);
		return receiver;
	}

	/** Something that it has sealed came from there: nobody without the keys can have moved it. */
	hear(now: number, receiver: RelayedReceiver, from: Endpoint): void {
		this.#note(now, receiver, from, receiver.instance);
	}

	/** Sessions in the clear: somebody answers who has registered elsewhere, or before this proxy was started. */
	admitLate(now: number, id: number, from: Endpoint): RelayedReceiver | undefined {
		const { receivers, security, terms, node } = this.#context;
		if (security !== undefined || receivers.get(id) !== undefined || !isUid(id)) return undefined;
		if (this.#refusal(id) !== undefined || !this.#late.take(now)) {
			node.counters.drop('unknown-receiver');
			return undefined;
		}
		const receiver = receivers.add(now, id, from, undefined);
		receiver.registered = terms.announced;
		this.#join(now, receiver, true);
		return receiver;
	}

	#note(now: number, receiver: RelayedReceiver, from: Endpoint, instance: RelayedReceiver['instance']): void {
		receiver.heardAt = now;
		receiver.instance = instance;
		const { address } = receiver;
		if (address.host !== from.host || address.port !== from.port) receiver.address = from;
	}

	/** The instance tells nodes of ours apart, wherever they answer from; C's only their address does. */
	#isSame(now: number, known: RelayedReceiver, from: Endpoint, instance: RelayedReceiver['instance']): boolean {
		const one = known.instance;
		if (one !== undefined && instance !== undefined) {
			if (one[0] === instance[0] && one[1] === instance[1]) return true;
		} else if (one === undefined && instance === undefined && isFrom(known, from)) return true;
		// One that came without its mark first, or has been started anew, at the same place.
		else if (known.address.host === from.host && known.address.port === from.port) return true;
		return this.#isSilent(now, known);
	}

	#isSilent(now: number, receiver: RelayedReceiver): boolean {
		const { terms, grttMs } = this.#context;
		return !receiver.hasDouble && now - receiver.heardAt > silenceMs(terms.robust, grttMs);
	}

	#entry(id: number): AllowedReceiver | undefined {
		return this.#context.node.config.receivers?.find(({ receiverId }) => receiverId === id);
	}

	/** Why nobody with this id is served, as a sentence for it; undefined if it may be. */
	#refusal(id: number): string | undefined {
		const { node, receivers, security } = this.#context;
		const { config } = node;
		const uid = formatUid(id);
		if (id === config.proxyId) {
			return `The receiver has the UID ${uid} of its own proxy: give one of them another (-U)`;
		}
		const entry = this.#entry(id);
		if (config.receivers !== undefined && entry === undefined) {
			return `Receiver ${uid} is not in the list of receivers of proxy ${formatUid(config.proxyId)}`;
		}
		if (entry?.fingerprint !== undefined && security?.needsClientKeys !== true) {
			return `Proxy ${formatUid(config.proxyId)} knows receiver ${uid} by its key, and this session asks for none`;
		}
		if (receivers.get(id) === undefined && receivers.size >= config.receiversMax) {
			return `Too many receivers behind proxy ${formatUid(config.proxyId)}: it serves ${config.receiversMax}`;
		}
		return undefined;
	}

	/** Nobody with this id is in the session, so that the group may hear it. */
	#refuse(now: number, receiverId: number, address: Endpoint, reason: string): void {
		const { node } = this.#context;
		node.counters.drop('receiver-refused');
		this.#reportRefusal(receiverId, address, reason);
		if (node.refusals.take(now)) this.#context.abortReceiver(now, receiverId, reason);
		else node.counters.drop('refusal-not-sent');
	}

	/** It may have been sent in the name of another, whom the group would reach, too. */
	#refuseKeys(now: number, receiverId: number, from: Endpoint, reason: string, bytes: number): void {
		const { node } = this.#context;
		node.counters.drop('receiver-refused');
		this.#reportRefusal(receiverId, from, reason);
		if (!this.#doubles.mayAnswer(from.host, from.port, bytes) || !node.refusals.take(now)) return;
		this.#context.abortReceiver(now, receiverId, reason, from);
	}

	#refuseDouble(now: number, first: RelayedReceiver, from: Endpoint, bytes: number): void {
		const { node } = this.#context;
		first.hasDouble = true;
		node.counters.drop('duplicate-uid');
		const what = `${inUse(first)}: the receiver at ${from.host} must get another one (-U)`;
		this.#reportRefusal(first.id, from, what);
		this.#tellDouble(now, first, from, bytes);
	}

	#tellDouble(now: number, first: RelayedReceiver, from: Endpoint, bytes: number): void {
		const { node } = this.#context;
		if (!this.#doubles.mayAnswer(from.host, from.port, bytes) || !node.refusals.take(now)) return;
		this.#context.abortReceiver(now, first.id, inUse(first), from);
	}

	#reportRefusal(receiverId: number, address: Endpoint, reason: string): void {
		const { node, terms } = this.#context;
		const key = `${receiverId} ${address.host}`;
		if (this.#refused.has(key) || this.#refused.size >= node.config.receiversMax) return;
		this.#refused.add(key);
		node.reports.emit({ kind: 'receiverRefused', groupId: terms.groupId, receiverId, address, reason });
	}
}

function inUse({ id, address }: RelayedReceiver): string {
	return `UID ${formatUid(id)} is in use by ${address.host}`;
}

/** Whether a message that carries a receiver's id comes from that receiver: with a double about, to the port. */
function isFrom({ address, hasDouble }: RelayedReceiver, from: Endpoint): boolean {
	if (address.host !== from.host) return false;
	return !hasDouble || address.port === from.port;
}
