import type { SocketDriver } from '@uftp/transport';
import { BUFFER_BYTES, DSCP, type NumberRules, OWN_PORT, whole } from '../running/number-rules.ts';

/** Where a receiver listens. */
export interface PortSettings {
	/** Multicast groups on which sessions are announced; default 230.4.4.1. IPv4 and IPv6 ones get a socket each. */
	readonly publicAddress?: readonly string[] | undefined;
	/** UDP port, shared with other receivers; default 1044. */
	readonly port?: number | undefined;
	/**
	 * Interfaces, by name, number, address or network, on which the groups are joined. 'all': all that are up, multicast
	 * and are not the loopback. Default: the one that the route to the first group leads to.
	 */
	readonly interfaces?: readonly string[] | 'all' | undefined;
	readonly socketDriver?: 'auto' | SocketDriver | undefined;
	/** Bytes of the receive buffers; at least 32 MiB are asked for in any case. */
	readonly receiveBufferBytes?: number | undefined;
	/** Differentiated services code point of what is sent, 0 to 63. */
	readonly dscp?: number | undefined;
	/** Receivers of this process that will use the port; default 1. */
	readonly receivers?: number | undefined;
}

export const PORT_NUMBERS: NumberRules = {
	port: OWN_PORT,
	receiveBufferBytes: BUFFER_BYTES,
	dscp: DSCP,
	receivers: whole(1, 10_000),
};
