import { Errno, errnoName, errnoSentence } from '@uftp/native';
import type { NetworkInterface } from '../interfaces.ts';
import { TransportError } from './transport-error.ts';

/** The error of a join that the kernel refused with error number `error`. */
export function membershipError(
	error: number,
	group: string,
	networkInterface: NetworkInterface,
	source?: string,
): TransportError {
	const what = `Cannot join ${group}${source === undefined ? '' : ` from ${source}`} on ${networkInterface.name}`;
	const code = errnoName(error);
	switch (error) {
		case Errno.ENOBUFS:
		case Errno.ENOMEM:
			return new TransportError(
				`${what}: the socket has as many groups as the kernel allows ` +
					'(sysctl net.ipv4.igmp_max_memberships; for IPv6 and sources net.core.optmem_max).',
				code,
			);
		case Errno.EINVAL:
			return new TransportError(
				`${what}: ${group} is not a multicast group of this address family, ` +
					'or the source is not an address of it.',
				code,
			);
		case Errno.ENODEV:
			return new TransportError(`${what}: the interface has no address of this family, or has disappeared.`, code);
		default:
			return new TransportError(`${what}: ${errnoSentence(error)}.`, code);
	}
}
