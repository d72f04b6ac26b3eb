import { Memory } from './memory.ts';
import { sourceKey } from './source-key.ts';

export const AF_INET = 2;
export const AF_INET6 = 10;
/** Room for a sockaddr_in6, the longer of the two, rounded up to a multiple of 8. */
export const SOCKET_ADDRESS_BYTES = 32;

/** The four bytes of a dotted IPv4 address, or undefined if it is not one. */
export function parseIpv4(text: string): Uint8Array | undefined {
	const parts = text.split('.');
	if (parts.length !== 4) return undefined;
	const bytes = new Uint8Array(4);
	for (let i = 0; i < 4; i += 1) {
		if (!/^\d{1,3}$/.test(parts[i])) return undefined;
		const value = Number(parts[i]);
		if (value > 255) return undefined;
		bytes[i] = value;
	}
	return bytes;
}

/** The sixteen bytes of an IPv6 address without scope, or undefined if it is not one. */
export function parseIpv6(text: string): Uint8Array | undefined {
	const halves = text.split('::');
	if (halves.length > 2) return undefined;
	const head = groupBytes(halves[0], halves.length === 1);
	const tail = halves.length === 2 ? groupBytes(halves[1], true) : [];
	if (head === undefined || tail === undefined) return undefined;
	const zeros = 16 - head.length - tail.length;
	if (halves.length === 1 ? zeros !== 0 : zeros < 2) return undefined;
	const bytes = new Uint8Array(16);
	bytes.set(head, 0);
	bytes.set(tail, 16 - tail.length);
	return bytes;
}

/** Bytes of colon-separated groups; the last may be a dotted IPv4 address where it ends the whole address. */
function groupBytes(text: string, endsAddress: boolean): number[] | undefined {
	if (text === '') return [];
	const bytes: number[] = [];
	const groups = text.split(':');
	for (const [i, group] of groups.entries()) {
		if (endsAddress && i === groups.length - 1 && group.includes('.')) {
			const dotted = parseIpv4(group);
			if (dotted === undefined) return undefined;
			bytes.push(...dotted);
		} else {
			if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
			const value = Number.parseInt(group, 16);
			bytes.push(value >> 8, value & 0xff);
		}
	}
	return bytes.length <= 16 ? bytes : undefined;
}

/** Dotted text of the IPv4 address at `at`. */
export function formatIpv4(bytes: Uint8Array, at: number): string {
	return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** Canonical text (RFC 5952) of the IPv6 address at `at`. */
export function formatIpv6(bytes: Uint8Array, at: number): string {
	let bestStart = -1;
	let bestLength = 1;
	for (let start = 0; start < 8; start += 1) {
		let length = 0;
		while (start + length < 8 && groupAt(bytes, at, start + length) === 0) length += 1;
		if (length > bestLength) {
			bestStart = start;
			bestLength = length;
		}
		start += length;
	}
	let text = '';
	for (let i = 0; i < 8; i += 1) {
		if (i === bestStart) {
			text += '::';
			i += bestLength - 1;
		} else {
			text += (text === '' || text.endsWith(':') ? '' : ':') + groupAt(bytes, at, i).toString(16);
		}
	}
	return text;
}

function groupAt(bytes: Uint8Array, at: number, group: number): number {
	return (bytes[at + group * 2] << 8) | bytes[at + group * 2 + 1];
}

/**
 * Writes a sockaddr_in or sockaddr_in6 at byte `at` of `memory` and returns its length, or 0 if `host` is not a
 * literal address of the family. A scope (`%eth0`) is cut off: `scope` is the interface number for link-local ones.
 */
export function writeSocketAddress(
	memory: Memory,
	at: number,
	family: 4 | 6,
	host: string,
	port: number,
	scope: number,
): number {
	const bytes = memory.bytes;
	bytes.fill(0, at, at + 28);
	bytes[at] = family === 4 ? AF_INET : AF_INET6;
	bytes[at + 2] = port >> 8;
	bytes[at + 3] = port & 0xff;
	if (family === 4) {
		const address = parseIpv4(host);
		if (address === undefined) return 0;
		bytes.set(address, at + 4);
		return 16;
	}
	const percent = host.indexOf('%');
	const address = parseIpv6(percent < 0 ? host : host.slice(0, percent));
	if (address === undefined) return 0;
	bytes.set(address, at + 8);
	if (isScoped(address, 0)) memory.words[(at + 24) >>> 2] = scope;
	return 28;
}

/** Link-local unicast, or multicast of interface-local or link-local scope: means something on one interface only. */
export function isScoped(bytes: Uint8Array, at: number): boolean {
	if (bytes[at] === 0xfe) return (bytes[at + 1] & 0xc0) === 0x80;
	return bytes[at] === 0xff && (bytes[at + 1] & 0x0f) <= 2;
}

/** The port of the socket address at `at`. */
export function socketAddressPort(bytes: Uint8Array, at: number): number {
	return (bytes[at + 2] << 8) | bytes[at + 3];
}

/** The host of the socket address at `at`, in canonical text without scope. */
export function socketAddressHost(bytes: Uint8Array, at: number): string {
	return bytes[at] === AF_INET6 ? formatIpv6(bytes, at + 8) : formatIpv4(bytes, at + 4);
}

/** The host in the socket address at `at` as a number (`sourceKey`). */
export function socketAddressKey(bytes: Uint8Array, at: number): number {
	return bytes[at] === AF_INET6 ? sourceKey(bytes, at + 8, 16) : sourceKey(bytes, at + 4, 4);
}

/** The interface number in the socket address at `at`: 0 unless it is a scoped IPv6 address. */
export function socketAddressScope(memory: Memory, at: number): number {
	return memory.bytes[at] === AF_INET6 ? memory.words[(at + 24) >>> 2] : 0;
}

/** A destination in the kernel's form, at an address of its own: made once, used for many sends. */
export class SocketAddress {
	/** Keeps the bytes at their address. */
	readonly memory: Memory;
	/** Bytes of it that count. */
	readonly length: number;

	private constructor(memory: Memory, length: number) {
		this.memory = memory;
		this.length = length;
	}

	/** Undefined if `host` is not a literal address of the family; `scope` goes with link-local ones. */
	static of(family: 4 | 6, host: string, port: number, scope: number): SocketAddress | undefined {
		const memory = new Memory(SOCKET_ADDRESS_BYTES);
		const length = writeSocketAddress(memory, 0, family, host, port, scope);
		return length === 0 ? undefined : new SocketAddress(memory, length);
	}
}
