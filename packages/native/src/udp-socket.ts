import { errno, type Libc } from './libc.ts';
import { Memory } from './memory.ts';
import {
	AF_INET,
	AF_INET6,
	SOCKET_ADDRESS_BYTES,
	socketAddressHost,
	socketAddressPort,
	writeSocketAddress,
} from './socket-address.ts';
import { Level, MembershipOption, SocketOption } from './socket-options.ts';

const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

/** struct group_req: u32 interface, padding, sockaddr_storage group. */
const GROUP_AT = 8;
const SOURCE_AT = GROUP_AT + 128;
const GROUP_REQUEST_BYTES = 136;
const GROUP_SOURCE_REQUEST_BYTES = 264;

/** Counters of SO_MEMINFO, and where the one we want stands. */
const MEMORY_INFO_WORDS = 9;
const MEMORY_INFO_DROPS = 8;

/**
 * A non-blocking UDP socket by its descriptor. Methods return 0 on success and the error number otherwise; they never
 * throw. Not for the data path: see `SendMessages` and `ReceiveMessages`.
 */
export class UdpSocket {
	readonly libc: Libc;
	readonly family: 4 | 6;
	readonly descriptor: number;
	readonly #memory = new Memory(GROUP_SOURCE_REQUEST_BYTES + 16);

	/** Adopts a descriptor. `close` closes it. */
	constructor(libc: Libc, family: 4 | 6, descriptor: number) {
		this.libc = libc;
		this.family = family;
		this.descriptor = descriptor;
	}

	/** Makes a socket; the error number if the kernel refuses. */
	static open(libc: Libc, family: 4 | 6): UdpSocket | number {
		const kind = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
		const descriptor = libc.socket(family === 4 ? AF_INET : AF_INET6, kind, 0);
		return descriptor < 0 ? errno(libc) : new UdpSocket(libc, family, descriptor);
	}

	/** Binds; EINVAL if `host` is not a literal address of the family. */
	bind(host: string, port: number, scope: number): number {
		const length = writeSocketAddress(this.#memory, 0, this.family, host, port, scope);
		if (length === 0) return 22;
		return this.#result(this.libc.bind(this.descriptor, this.#memory.address, length));
	}

	/** The bound address, or the error number. */
	localAddress(): { readonly host: string; readonly port: number } | number {
		const memory = this.#memory;
		memory.words[SOCKET_ADDRESS_BYTES >>> 2] = SOCKET_ADDRESS_BYTES;
		const result = this.libc.getsockname(this.descriptor, memory.address, memory.address + SOCKET_ADDRESS_BYTES);
		if (result < 0) return errno(this.libc);
		return { host: socketAddressHost(memory.bytes, 0), port: socketAddressPort(memory.bytes, 0) };
	}

	/** Sets an option whose value is an int. */
	setOption(level: number, option: number, value: number): number {
		this.#memory.words[0] = value >>> 0;
		return this.#result(this.libc.setsockopt(this.descriptor, level, option, this.#memory.address, 4));
	}

	/** Sets an option whose value is a structure of bytes. */
	setOptionBytes(level: number, option: number, value: Uint8Array): number {
		this.#memory.bytes.set(value, 0);
		return this.#result(this.libc.setsockopt(this.descriptor, level, option, this.#memory.address, value.length));
	}

	/** Value of an option that is an int, or undefined if the kernel does not tell. */
	getOption(level: number, option: number): number | undefined {
		return this.#getWords(level, option, 1) < 1 ? undefined : this.#memory.words[0] | 0;
	}

	/** Datagrams that the kernel dropped on this socket so far (full buffer, bad checksum); undefined on old kernels. */
	drops(): number | undefined {
		const words = this.#getWords(Level.Socket, SocketOption.MemoryInfo, MEMORY_INFO_WORDS);
		return words <= MEMORY_INFO_DROPS ? undefined : this.#memory.words[MEMORY_INFO_DROPS];
	}

	/** Joins or leaves a group on interface number `index`, from any source or one source. */
	membership(action: 'join' | 'leave', group: string, index: number, source: string | undefined): number {
		const memory = this.#memory;
		memory.bytes.fill(0);
		memory.words[0] = index;
		if (writeSocketAddress(memory, GROUP_AT, this.family, group, 0, index) === 0) return 22;
		let option: number = action === 'join' ? MembershipOption.Join : MembershipOption.Leave;
		let length = GROUP_REQUEST_BYTES;
		if (source !== undefined) {
			if (writeSocketAddress(memory, SOURCE_AT, this.family, source, 0, index) === 0) return 22;
			option = action === 'join' ? MembershipOption.JoinSource : MembershipOption.LeaveSource;
			length = GROUP_SOURCE_REQUEST_BYTES;
		}
		const level = this.family === 4 ? Level.IP : Level.IPv6;
		return this.#result(this.libc.setsockopt(this.descriptor, level, option, memory.address, length));
	}

	close(): void {
		this.libc.close(this.descriptor);
	}

	/** Number of 32-bit words read into the start of the memory; 0 on error. */
	#getWords(level: number, option: number, words: number): number {
		const memory = this.#memory;
		const lengthAt = 64;
		memory.words[lengthAt >>> 2] = words * 4;
		const address = memory.address;
		if (this.libc.getsockopt(this.descriptor, level, option, address, address + lengthAt) < 0) return 0;
		return memory.words[lengthAt >>> 2] >>> 2;
	}

	#result(returned: number): number {
		return returned < 0 ? errno(this.libc) : 0;
	}
}
