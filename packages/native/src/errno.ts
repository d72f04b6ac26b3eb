/** Linux error numbers (the same on x86-64 and arm64) that sockets and timers meet. */
export const Errno = {
	EPERM: 1,
	EINTR: 4,
	EIO: 5,
	EBADF: 9,
	EAGAIN: 11,
	ENOMEM: 12,
	EACCES: 13,
	ENODEV: 19,
	EINVAL: 22,
	ENOSYS: 38,
	EDESTADDRREQ: 89,
	EMSGSIZE: 90,
	ENOPROTOOPT: 92,
	EOPNOTSUPP: 95,
	EAFNOSUPPORT: 97,
	EADDRINUSE: 98,
	EADDRNOTAVAIL: 99,
	ENETDOWN: 100,
	ENETUNREACH: 101,
	ENOBUFS: 105,
	ECONNREFUSED: 111,
	EHOSTDOWN: 112,
	EHOSTUNREACH: 113,
	EINPROGRESS: 115,
} as const;

const MEANINGS: Readonly<Record<number, string>> = {
	[Errno.EPERM]: 'not permitted (a firewall rule, or a missing privilege)',
	[Errno.EIO]: 'input/output error',
	[Errno.EBADF]: 'the socket is closed',
	[Errno.EAGAIN]: 'would block',
	[Errno.ENOMEM]: 'out of memory',
	[Errno.EACCES]: 'access denied (a broadcast address without permission to broadcast, or a firewall rule)',
	[Errno.ENODEV]: 'no such interface',
	[Errno.EINVAL]: 'invalid argument',
	[Errno.ENOSYS]: 'the kernel does not have this call, or a sandbox forbids it',
	[Errno.EMSGSIZE]: 'the datagram is too long',
	[Errno.ENOPROTOOPT]: 'the kernel does not know this option',
	[Errno.EOPNOTSUPP]: 'not supported',
	[Errno.EAFNOSUPPORT]: 'this address family is not supported',
	[Errno.EADDRINUSE]: 'address in use',
	[Errno.EADDRNOTAVAIL]: 'the address does not belong to this machine',
	[Errno.ENETDOWN]: 'the network is down',
	[Errno.ENETUNREACH]: 'no route to the network',
	[Errno.ENOBUFS]: 'no buffer space',
	[Errno.ECONNREFUSED]: 'nobody listens there',
	[Errno.EHOSTDOWN]: 'the host is down',
	[Errno.EHOSTUNREACH]: 'no route to the host',
};

/** The C name of an error number: "EADDRINUSE"; "errno 999" where it is not one of ours. */
export function errnoName(number: number): string {
	for (const [name, value] of Object.entries(Errno)) if (value === number) return name;
	return `errno ${number}`;
}

/** What an error number means, for a user: "address in use (EADDRINUSE)". */
export function errnoSentence(number: number): string {
	const meaning = MEANINGS[number];
	return meaning === undefined ? errnoName(number) : `${meaning} (${errnoName(number)})`;
}
