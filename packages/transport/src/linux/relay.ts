import { Errno, errnoSentence, type Libc, RelayMessages, SocketAddress } from '@uftp/native';
import type { Endpoint } from '@uftp/protocol';
import type { Family } from '@uftp/wire';
import { assert } from '@uftp/wire';
import { OUTGOING_BATCH_BYTES, type SocketStats } from '../datagram-socket.ts';
import type { LinuxIncomingBatch } from './incoming-batch.ts';

/** Destinations whose form for the kernel is remembered. */
const TARGETS_MAX = 1024;

/** A destination, and what was learned of the way there. */
interface Target {
	readonly address: SocketAddress;
	/** Datagrams longer than this are not sent segmented: they do not fit the way's MTU; 0: none are. */
	segmentLimit: number;
}

/**
 * Sends received datagrams on from where they stand. Those of one length go with one call, even if they stand apart; what
 * a way does not carry like this (its MTU, a tunnel) is remembered for that destination only.
 */
export class LinuxRelay {
	readonly #messages: RelayMessages;
	readonly #family: Family;
	readonly #scope: number;
	readonly #stats: SocketStats;
	readonly #targets = new Map<Endpoint, Target>();

	/** @param scope number of the interface that goes with link-local addresses */
	constructor(libc: Libc, descriptor: number, family: Family, scope: number, stats: SocketStats) {
		this.#messages = new RelayMessages(libc, descriptor);
		this.#family = family;
		this.#scope = scope;
		this.#stats = stats;
	}

	/** See `DatagramSocket.relay`. */
	relay(batch: LinuxIncomingBatch, first: number, count: number, destination: Endpoint): number {
		assert(first >= 0 && count >= 0 && first + count <= batch.count, 'what is relayed has been received');
		const target = this.#targets.get(destination) ?? this.#newTarget(destination);
		if (target === undefined) {
			this.#refuse(count, `"${destination.host}" is not an IPv${this.#family} address: nothing can be sent to it`);
			return count;
		}
		const end = first + count;
		let at = first;
		while (at < end) {
			const taken = this.#sendTrain(target, destination, batch.length[at], this.#prepare(batch, at, end));
			if (taken > 0) at += taken;
			else if (taken < 0) return at - first;
			else return count;
		}
		return count;
	}

	/** Makes ready as many datagrams from `at` on as one call takes: of one length, but the last may be shorter. */
	#prepare(batch: LinuxIncomingBatch, at: number, end: number): number {
		const messages = this.#messages;
		const { headerAt, length, memory } = batch;
		const segment = length[at];
		messages.clear();
		for (let i = at; i < end; i += 1) {
			if (length[i] > segment || messages.bytes + length[i] > OUTGOING_BATCH_BYTES) break;
			if (!messages.add(memory.address + headerAt[i], length[i])) break;
			if (length[i] < segment) break;
		}
		assert(messages.count > 0, 'every datagram fits into a call by itself');
		return messages.count;
	}

	/** How many of the prepared datagrams were taken; negative: the buffer is full; 0: the destination refuses. */
	#sendTrain(target: Target, destination: Endpoint, segment: number, count: number): number {
		const messages = this.#messages;
		for (;;) {
			const isSegmented = count > 1 && segment <= target.segmentLimit;
			const result = isSegmented
				? messages.sendSegmented(target.address, segment)
				: messages.sendEach(target.address, 0);
			this.#stats.sendCalls += 1;
			assert(result <= count, 'the kernel takes no more datagrams than there are');
			if (result > 0) {
				this.#stats.datagramsOut += result;
				this.#stats.bytesOut += result === messages.count ? messages.bytes : result * segment;
				return result;
			}
			const error = -result;
			if (error === Errno.EAGAIN || error === Errno.ENOBUFS || error === Errno.ENOMEM) return -1;
			if (error === Errno.EINTR) continue;
			if (isSegmented && learns(target, error, segment)) continue;
			const { host, port } = destination;
			this.#refuse(count, `sending to ${host} port ${port} failed: ${errnoSentence(error)}`);
			return error === Errno.EMSGSIZE ? count : 0;
		}
	}

	#newTarget(destination: Endpoint): Target | undefined {
		const { host, port } = destination;
		const percent = host.indexOf('%');
		const named = percent < 0 ? this.#scope : Number(host.slice(percent + 1));
		const address = SocketAddress.of(this.#family, host, port, Number.isInteger(named) ? named : this.#scope);
		if (address === undefined) return undefined;
		const target = { address, segmentLimit: Number.POSITIVE_INFINITY };
		if (this.#targets.size >= TARGETS_MAX) this.#targets.clear();
		this.#targets.set(destination, target);
		assert(this.#targets.size <= TARGETS_MAX, 'few destinations are remembered');
		return target;
	}

	#refuse(datagrams: number, sentence: string): void {
		this.#stats.sendErrors += datagrams;
		this.#stats.lastError = sentence;
	}
}

/** Whether the error says that the way does not take segments like these; then it is not asked for it again. */
function learns(target: Target, error: number, segment: number): boolean {
	switch (error) {
		// Kernels differ in how they say that segments are longer than the MTU.
		case Errno.EMSGSIZE:
		case Errno.EINVAL:
			target.segmentLimit = segment - 1;
			return true;
		case Errno.EIO:
		case Errno.ENOPROTOOPT:
		case Errno.EOPNOTSUPP:
			target.segmentLimit = 0;
			return true;
		default:
			return false;
	}
}
