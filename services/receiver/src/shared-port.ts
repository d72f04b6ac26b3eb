/**
 * The UDP port of one or more receivers of this process. They share its listener, so that what is sent to the host's own
 * address (unicast sessions, aborts) reaches all of them: the kernel gives it to one socket only.
 */
import {
	addressesOf,
	bufferWarning,
	defaultInterface,
	describeInterface,
	findInterface,
	type MulticastListener,
	type NetworkInterface,
	openListener,
	ReceiverDriver,
	selectDriver,
	TransportError,
} from '@uftp/transport';

export interface SharedPortOptions {
	/** As configured; undefined lets the route to the first group decide. */
	readonly interface: string | undefined;
	/** Of one address family. */
	readonly groups: readonly string[];
	readonly port: number;
	/** Receivers of this process that will use it; default 1. */
	readonly receivers?: number;
	readonly socketDriver?: 'auto' | 'linux-batch' | 'portable';
}

export class SharedPort {
	readonly listener: MulticastListener;
	readonly driver: ReceiverDriver;
	readonly family: 4 | 6;
	readonly port: number;
	readonly groups: readonly string[];
	readonly networkInterface: NetworkInterface;
	/** The address of the interface that stands for it. */
	readonly address: string;
	/** What to log at the start. */
	readonly notes: readonly string[];
	readonly warnings: readonly string[];
	/** Whether other programs of this host listen on the port too, or more than one receiver of this process. */
	readonly isShared: boolean;
	#users = 0;

	private constructor(
		listener: MulticastListener,
		options: SharedPortOptions,
		networkInterface: NetworkInterface,
		notes: readonly string[],
	) {
		this.listener = listener;
		this.driver = new ReceiverDriver(listener);
		this.family = listener.family;
		this.port = options.port;
		this.groups = options.groups;
		this.networkInterface = networkInterface;
		this.address = ownAddress(options.interface, networkInterface, listener.family);
		this.isShared = listener.isShared || (options.receivers ?? 1) > 1;
		this.notes = notes;
		this.warnings = warningsOf(listener, options.port);
	}

	/** Opens the port. Rejects with a sentence: no such interface, the port is held by another program, ... */
	static async open(options: SharedPortOptions): Promise<SharedPort> {
		const family = options.groups[0]?.includes(':') === true ? 6 : 4;
		const { networkInterface, reason } = await chooseInterface(options.interface, family, options.groups[0]);
		const { sentence } = await selectDriver();
		const listener = await openListener({
			family,
			bind: { port: options.port },
			driver: options.socketDriver ?? 'auto',
		});
		const forced = options.socketDriver === undefined || options.socketDriver === 'auto' ? '' : ' (forced)';
		const socket = forced === '' ? sentence : `${listener.driver}${forced}`;
		return new SharedPort(listener, options, networkInterface, [reason, `Socket: ${socket}.`]);
	}

	/** A receiver begins to listen, to some sources only if they are given. Throws a sentence if a group cannot be joined. */
	join(sources?: readonly string[]): void {
		try {
			for (const group of this.groups) {
				for (const source of sources ?? [undefined]) this.listener.join(group, this.networkInterface, source);
			}
		} catch (error) {
			if (this.#users === 0) this.close();
			throw error;
		}
		this.#users++;
	}

	/** It takes no new sessions any more. */
	leave(sources?: readonly string[]): void {
		for (const group of this.groups) {
			for (const source of sources ?? [undefined]) this.listener.leave(group, this.networkInterface, source);
		}
	}

	/** It has ended; the last one closes the port. */
	release(): void {
		this.#users--;
		if (this.#users <= 0) this.close();
	}

	close(): void {
		this.driver.close();
		this.listener.close();
	}
}

async function chooseInterface(
	wanted: string | undefined,
	family: 4 | 6,
	group: string | undefined,
): Promise<{ networkInterface: NetworkInterface; reason: string }> {
	if (wanted === undefined) {
		try {
			return defaultInterface(family, group);
		} catch (error) {
			if (!(error instanceof TransportError)) throw error;
			throw new TransportError(`${error.message} Set UFTP_INTERFACE (uftpctl up: --interface).`, error.code);
		}
	}
	const networkInterface = await findInterface(wanted, family);
	return { networkInterface, reason: `Interface ${describeInterface(networkInterface)}: configured.` };
}

/** The address that was named, else the first one. */
function ownAddress(wanted: string | undefined, networkInterface: NetworkInterface, family: 4 | 6): string {
	const own = addressesOf(networkInterface, family);
	return own.find((address) => address === wanted) ?? (own[0] as string);
}

function warningsOf(listener: MulticastListener, port: number): string[] {
	const warnings: string[] = [];
	const buffer = bufferWarning(listener);
	if (buffer !== undefined) warnings.push(buffer);
	if (listener.isShared) {
		warnings.push(
			`Another program on this machine has UDP port ${port} too: multicast reaches both, but a unicast session ` +
				'only the one that was started last. For unicast give each a port of its own (UFTP_PORT), ' +
				'or run the receivers in one process (uftpctl up --receivers N).',
		);
	}
	return warnings;
}
