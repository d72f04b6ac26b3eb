/** Which receivers a gathering proxy serves in a session: REGISTERs, keys, moved addresses, two nodes with one id. */
import { type ClientKey, formatUid, hostKey, isUid, type Register } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { Endpoint } from '../../ports.ts';
import { Allowance } from '../../shared/allowance.ts';
import { silenceMs } from '../../shared/grtt.ts';
import { readOwnMarker } from '../../shared/own-marker.ts';
import type { HandledDatagram } from '../handled-datagram.ts';
import { DuplicateIds } from './duplicate-ids.ts';
import { LATE_RECEIVERS_PER_SECOND, NEW_RECEIVERS_PER_SECOND } from './gathering-limits.ts';
import type { KeyDelivery } from './key-delivery.ts';
import type { RelayContext } from './relay-context.ts';
import type { RelayRegistration } from './relay-registration.ts';
import type { RelayedReceiver } from './relayed-receivers.ts';

export class RelayAdmission {
	readonly #context: RelayContext;
	readonly #registration: RelayRegistration;
	readonly #keys: KeyDelivery;
	readonly #duplicateIds = new DuplicateIds();
	readonly #new = new Allowance(NEW_RECEIVERS_PER_SECOND, 1000);
	readonly #late = new Allowance(LATE_RECEIVERS_PER_SECOND, 1000);
	/** Refusals that have been reported. */
	readonly #refused = new Set<string>();

	constructor(context: RelayContext, registration: RelayRegistration, keys: KeyDelivery) {
		this.#context = context;
		this.#registration = registration;
		this.#keys = keys;
	}

	handleRegister(datagram: HandledDatagram, message: Register): void {
		const { now, from, header } = datagram;
		const { sourceId: id } = header;
		const { receivers, security, node } = this.#context;
		if (message.ids.length > 0 || !isUid(id)) {
			node.reports.drop(now, 'wrong-role', from);
			return;
		}
		const known = receivers.get(id);
		if (known === undefined && !this.#isListed(id) && !this.#new.take(now)) {
			node.counters.drop('too-many-registers');
			return;
		}
		const refusal = this.#refusal(now, id);
		if (refusal !== undefined) {
			this.#refuse(now, id, from, refusal);
			return;
		}
		const instance = readOwnMarker(message.rand2);
		if (known !== undefined && !this.#isSame(now, known, from, instance)) {
			this.#refuseDuplicateId(datagram, known);
			return;
		}
		const verdict = security?.register(now, id, from, message);
		if (verdict !== undefined && verdict.kind !== 'taken') {
			if (verdict.kind === 'refused') this.#refuseKeys(datagram, verdict.reason);
			else node.reports.drop(now, verdict.reason, from);
			return;
		}
		const fingerprint = verdict?.fingerprint;
		const isUnproven = security?.needsClientKeys === true && fingerprint === undefined;
		const receiver = known ?? this.#add(now, id, from, instance, isUnproven);
		this.#note(now, receiver, from, instance);
		if (fingerprint !== undefined) {
			receiver.fingerprint = fingerprint;
			if (receiver.isUnproven) receivers.prove(receiver);
		}
		receiver.registered = { timestamp: message.timestamp, heardAt: now };
		if (!receiver.isUnproven) this.#join(now, receiver, known === undefined);
	}

	/** CLIENT_KEY, which follows the REGISTER where keys must be shown. */
	handleClientKey(datagram: HandledDatagram, message: ClientKey): void {
		const { now, from, header } = datagram;
		const { sourceId: receiverId } = header;
		const { receivers, security, node } = this.#context;
		if (security === undefined || !security.needsClientKeys || this.#refusal(now, receiverId) !== undefined) {
			node.counters.drop('wrong-phase');
			return;
		}
		const pinned = node.allowed?.get(receiverId)?.fingerprint;
		const verdict = security.proveKey({ now, receiverId, from, message, pinned });
		if (verdict.kind !== 'taken') {
			if (verdict.kind === 'ignored') node.reports.drop(now, verdict.reason, from);
			else this.#refuseKeys(datagram, verdict.reason);
			return;
		}
		const receiver = receivers.get(receiverId);
		if (receiver === undefined || !receiver.isUnproven) return;
		assert(verdict.fingerprint !== undefined, 'a key that is proved has a fingerprint');
		receivers.prove(receiver);
		receiver.fingerprint = verdict.fingerprint;
		this.#join(now, receiver, true);
	}

	#add(
		now: number,
		id: number,
		address: Endpoint,
		instance: RelayedReceiver['instance'],
		isUnproven: boolean,
	): RelayedReceiver {
		const { receivers, node, totals } = this.#context;
		if (receivers.size >= node.config.receiversMax) {
			const leaving = this.#whoGivesWay(now);
			assert(leaving !== undefined, 'a receiver that may join has a place');
			this.#context.drop(leaving.id);
			if (!leaving.isUnproven) this.#context.abortUp(now, leaving.id, 'Its place at the proxy is needed');
		}
		const receiver = receivers.add(now, { id, address, instance, isUnproven });
		assert(receivers.size <= node.config.receiversMax, 'a session has no more receivers than it may have');
		totals.receivers = receivers.provenCount;
		return receiver;
	}

	#whoGivesWay(now: number): RelayedReceiver | undefined {
		const { receivers, terms, grttMs } = this.#context;
		return receivers.whoGivesWay(now - silenceMs(terms.robust, grttMs));
	}

	/** It has done all that is asked for; the sender is told, and told again if it repeats itself. */
	#join(now: number, receiver: RelayedReceiver, isNew: boolean): void {
		assert(!receiver.isUnproven, 'who joins has shown its key where keys are asked for');
		const { node, terms, totals, security } = this.#context;
		const { id: receiverId, address, instance, fingerprint } = receiver;
		const { groupId, senderId, sender } = terms;
		totals.receivers = this.#context.receivers.provenCount;
		if (isNew) {
			const isOurs = instance !== undefined;
			const shown = fingerprint === undefined ? {} : { fingerprint };
			node.reports.emit({ kind: 'receiverRegistered', groupId, receiverId, address, isOurs, ...shown });
			if (totals.receivers === 1) node.knownSenders.add(senderId, hostKey(sender.host));
		}
		// Confirmed ones that repeat themselves have missed the key, which comes from here.
		if (security !== undefined && receiver.isConfirmed) this.#keys.start(now, receiver);
		else this.#registration.add(now, receiver);
	}

	/** The receiver that an answer comes from; undefined if there is none, or the answer is another's. */
	receiverOf(datagram: HandledDatagram): RelayedReceiver | undefined {
		const { now, from, header } = datagram;
		const receiver = this.#context.receivers.get(header.sourceId);
		if (receiver === undefined || receiver.isUnproven) return undefined;
		if (!isFrom(receiver, from) && !this.#isSilent(now, receiver)) {
			this.#context.node.reports.drop(now, 'wrong-address', from);
			// A REG_CONF for the first one has confirmed the second one, too.
			if (receiver.hasDuplicateId) this.#answerDuplicateId(datagram, receiver);
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
		if (!this.#late.take(now) || this.#refusal(now, id) !== undefined) {
			node.counters.drop('unknown-receiver');
			return undefined;
		}
		const receiver = this.#add(now, id, from, undefined, false);
		receiver.registered = terms.announced;
		this.#join(now, receiver, true);
		return receiver;
	}

	#note(now: number, receiver: RelayedReceiver, from: Endpoint, instance: RelayedReceiver['instance']): void {
		assert(now >= receiver.heardAt, 'time does not run backwards for a receiver');
		receiver.heardAt = now;
		receiver.instance = instance;
		const { address } = receiver;
		if (address.host !== from.host || address.port !== from.port) receiver.address = from;
	}

	/** The instance tells nodes of this implementation apart, wherever they answer from; C's only their address does. */
	#isSame(now: number, known: RelayedReceiver, from: Endpoint, instance: RelayedReceiver['instance']): boolean {
		const one = known.instance;
		if (one !== undefined && instance !== undefined) {
			if (one[0] === instance[0] && one[1] === instance[1]) return true;
		} else if (one === undefined && instance === undefined && isFrom(known, from)) return true;
		// One that came without its tag first, or has been started anew, at the same place.
		else if (known.address.host === from.host && known.address.port === from.port) return true;
		return this.#isSilent(now, known);
	}

	#isSilent(now: number, receiver: RelayedReceiver): boolean {
		const { terms, grttMs } = this.#context;
		return !receiver.hasDuplicateId && now - receiver.heardAt > silenceMs(terms.robust, grttMs);
	}

	/** There is a list, and the receiver is in it. */
	#isListed(id: number): boolean {
		return this.#context.node.allowed?.has(id) === true;
	}

	/** Why nobody with this id is served, as a sentence for it; undefined if it may be. */
	#refusal(now: number, id: number): string | undefined {
		const { node, receivers, security } = this.#context;
		const { config, allowed } = node;
		if (id === config.proxyId) {
			return `The receiver has the UID ${formatUid(id)} of its own proxy: give one of them another`;
		}
		const entry = allowed?.get(id);
		if (allowed !== undefined && entry === undefined) {
			return `Receiver ${formatUid(id)} is not in the list of receivers of proxy ${formatUid(config.proxyId)}`;
		}
		if (entry?.fingerprint !== undefined && security?.needsClientKeys !== true) {
			const names = `Proxy ${formatUid(config.proxyId)} knows receiver ${formatUid(id)}`;
			return `${names} by its key, and this session asks for none`;
		}
		if (receivers.size < config.receiversMax || receivers.get(id) !== undefined) return undefined;
		if (this.#whoGivesWay(now) !== undefined) return undefined;
		return `Too many receivers behind proxy ${formatUid(config.proxyId)}: it serves ${config.receiversMax}`;
	}

	/** Nobody with this id is in the session, so that the group may hear it. */
	#refuse(now: number, receiverId: number, address: Endpoint, reason: string): void {
		const { node } = this.#context;
		node.counters.drop('receiver-refused');
		this.#reportRefusal(receiverId, address, reason);
		if (node.refusals.take(now)) this.#context.abortReceiver(now, receiverId, reason);
		else node.counters.drop('too-many-refusals');
	}

	/** It may have been sent in the name of another, whom the group would reach, too. */
	#refuseKeys({ now, from, header, length }: HandledDatagram, reason: string): void {
		const { node } = this.#context;
		node.counters.drop('receiver-refused');
		this.#reportRefusal(header.sourceId, from, reason);
		if (!this.#duplicateIds.mayAnswer(from.host, from.port, length) || !node.refusals.take(now)) return;
		this.#context.abortReceiver(now, header.sourceId, reason, from);
	}

	#refuseDuplicateId(datagram: HandledDatagram, first: RelayedReceiver): void {
		const { from } = datagram;
		first.hasDuplicateId = true;
		this.#context.node.counters.drop('duplicate-id');
		const reason = `${inUse(first)}: the receiver at ${from.host} must get another one`;
		this.#reportRefusal(first.id, from, reason);
		this.#answerDuplicateId(datagram, first);
	}

	#answerDuplicateId({ now, from, length }: HandledDatagram, first: RelayedReceiver): void {
		const { node } = this.#context;
		if (!this.#duplicateIds.mayAnswer(from.host, from.port, length) || !node.refusals.take(now)) return;
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

/** Whether a message that carries a receiver's id comes from that receiver: if the id is used twice, to the port. */
function isFrom({ address, hasDuplicateId }: RelayedReceiver, from: Endpoint): boolean {
	if (address.host !== from.host) return false;
	return !hasDuplicateId || address.port === from.port;
}
