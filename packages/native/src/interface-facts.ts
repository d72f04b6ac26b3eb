import type { Libc } from './libc.ts';
import { Memory } from './memory.ts';
import { AF_INET } from './socket-address.ts';

const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;

const SIOCGIFFLAGS = 0x8913;
const SIOCGIFMTU = 0x8921;
const SIOCGIFINDEX = 0x8933;

/** struct ifreq: 16 bytes of name, then a union. */
const NAME_BYTES = 16;
const REQUEST_BYTES = 40;

/** IFF_UP, IFF_LOOPBACK, IFF_MULTICAST. */
const Flag = { up: 0x1, loopback: 0x8, multicast: 0x1000 } as const;

/** What the kernel says of an interface besides its addresses. */
export interface InterfaceFacts {
	readonly index: number;
	readonly mtu: number;
	readonly isUp: boolean;
	readonly isLoopback: boolean;
	readonly isMulticast: boolean;
}

/**
 * Asks the kernel about interfaces by name, in the network namespace of this process (which /sys need not show).
 * A name that does not exist gives undefined in its place.
 */
export function readInterfaceFacts(libc: Libc, names: readonly string[]): (InterfaceFacts | undefined)[] {
	const descriptor = libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (descriptor < 0) return names.map(() => undefined);
	const memory = new Memory(REQUEST_BYTES);
	const ask = (name: string, request: number): number | undefined => {
		memory.bytes.fill(0);
		memory.bytes.set(new TextEncoder().encode(name).subarray(0, NAME_BYTES - 1));
		return libc.ioctl(descriptor, request, memory.address) < 0 ? undefined : memory.words[NAME_BYTES >>> 2];
	};
	try {
		return names.map((name) => {
			const index = ask(name, SIOCGIFINDEX);
			const mtu = ask(name, SIOCGIFMTU);
			const flags = ask(name, SIOCGIFFLAGS);
			if (index === undefined || mtu === undefined || flags === undefined) return undefined;
			return {
				index,
				mtu,
				isUp: (flags & Flag.up) !== 0,
				isLoopback: (flags & Flag.loopback) !== 0,
				isMulticast: (flags & Flag.multicast) !== 0,
			};
		});
	} finally {
		libc.close(descriptor);
	}
}
