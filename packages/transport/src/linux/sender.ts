import { Errno, errnoSentence, type Libc, SendMessages } from '@uftp/native';
import type { Endpoint } from '@uftp/protocol';
import { assert, type Family, LOWER_HEADER_BYTES } from '@uftp/wire';
import type { SocketStats } from '../datagram-socket.ts';
import { checkBurst, type LinuxOutgoingBatch } from '../outgoing-batch.ts';

/**
 * Sends bursts with as few system calls as the kernel allows: segmented where the datagrams fit the MTU, else as
 * separate messages of one call. What segmentation turns out not to do is never asked of it again.
 */
export class LinuxSender {
	readonly #messages: SendMessages;
	readonly #family: Family;
	readonly #scope: number;
	readonly #stats: SocketStats;
	#destination: Endpoint | undefined;
	#host = '';
	#port = -1;
	/** Datagrams longer than this are not sent segmented; 0: none are. */
	#segmentLimit: number;

	/**
	 * @param mtu of the interface that multicast leaves by
	 * @param scope its number: goes with link-local addresses
	 */
	constructor(libc: Libc, descriptor: number, family: Family, mtu: number, scope: number, stats: SocketStats) {
		this.#messages = new SendMessages(libc, descriptor);
		this.#family = family;
		this.#scope = scope;
		this.#stats = stats;
		assert(mtu > LOWER_HEADER_BYTES[family], 'an interface carries more than headers');
		this.#segmentLimit = mtu - LOWER_HEADER_BYTES[family];
	}

	/** Whether a burst of datagrams of this length goes out segmented, as far as is known. */
	isSegmenting(datagramBytes: number): boolean {
		return datagramBytes <= this.#segmentLimit;
	}

	/** Never segments from here on. */
	disableSegmentation(): void {
		this.#segmentLimit = 0;
	}

	/** See `DatagramSocket.send`. */
	send(batch: LinuxOutgoingBatch, from: number): number {
		const { count, stride, lastLength } = batch;
		checkBurst(batch, from);
		if (!this.#setDestination(batch.destination)) {
			const { host } = batch.destination;
			this.#refuse(count - from, `"${host}" is not an IPv${this.#family} address: nothing can be sent to it`);
			return count - from;
		}
		let at = from;
		while (at < count) {
			const left = count - at;
			const bytes = (left - 1) * stride + lastLength;
			const address = batch.memory.address + at * stride;
			const isSegmented = left > 1 && stride <= this.#segmentLimit;
			const result = isSegmented
				? this.#messages.sendSegmented(address, bytes, stride)
				: left === 1
					? this.#messages.sendOne(address, lastLength)
					: this.#messages.sendEach(address, left, stride, lastLength);
			this.#stats.sendCalls += 1;
			assert(result <= left, 'the kernel takes no more datagrams than there are');
			if (result > 0) {
				this.#stats.datagramsOut += result;
				this.#stats.bytesOut += result === left ? bytes : result * stride;
				at += result;
			} else {
				const skipped = this.#handleError(-result, isSegmented, left, stride);
				if (skipped < 0) break;
				at += skipped;
			}
		}
		assert(at >= from && at <= count, 'the sending ends within the burst');
		return at - from;
	}

	/** How many datagrams to skip after an error, 0 to try them again; negative: the buffer is full, come back later. */
	#handleError(error: number, isSegmented: boolean, left: number, stride: number): number {
		switch (error) {
			case Errno.EAGAIN:
			case Errno.ENOBUFS:
			case Errno.ENOMEM:
				return -1;
			case Errno.EINTR:
				return 0;
			case Errno.EMSGSIZE:
				if (!isSegmented) break;
				this.#segmentLimit = stride - 1;
				return 0;
			case Errno.EINVAL:
			case Errno.EIO:
			case Errno.ENOPROTOOPT:
			case Errno.EOPNOTSUPP:
				if (!isSegmented) break;
				this.#segmentLimit = 0;
				return 0;
		}
		// A refusal concerns the destination: a segmented burst is refused as a whole, separate messages one by one.
		const refused = isSegmented ? left : 1;
		this.#refuse(refused, `sending to ${this.#host} port ${this.#port} failed: ${errnoSentence(error)}`);
		return refused;
	}

	#refuse(datagrams: number, sentence: string): void {
		this.#stats.sendErrors += datagrams;
		this.#stats.lastError = sentence;
	}

	#setDestination(destination: Endpoint): boolean {
		if (destination === this.#destination) return true;
		const { host, port } = destination;
		if (host !== this.#host || port !== this.#port) {
			this.#host = host;
			this.#port = port;
			this.#destination = undefined;
			const percent = host.indexOf('%');
			const scope = percent < 0 ? this.#scope : Number(host.slice(percent + 1));
			if (!this.#messages.setDestination(this.#family, host, port, Number.isInteger(scope) ? scope : this.#scope)) {
				this.#port = -1;
				return false;
			}
		}
		this.#destination = destination;
		return true;
	}
}
