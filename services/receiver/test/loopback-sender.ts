/** A sender without a bus, on the loopback interface, to whatever listens on a port. */
import { SENDER_DEFAULTS, type SenderEnd, type SenderSecurityConfig } from '@uftp/protocol';
import { SenderSession } from '@uftp/protocol/sender';
import { buildCatalogue, FileSource } from '@uftp/storage';
import { findInterface, monotonicMs, openSocket } from '@uftp/transport';
import { SenderDriver } from '@uftp/transport/sender';

export interface Sending {
	readonly done: Promise<SenderEnd>;
	abort(reason: string): void;
}

export interface SendingOptions {
	readonly port: number;
	readonly path: string;
	/** A group, or the address of a host for a unicast session. */
	readonly publicAddress?: string;
	readonly targets: readonly number[];
	readonly rateBytesPerSecond?: number;
	/** Encrypts the session. */
	readonly security?: SenderSecurityConfig;
}

let lastGroup = 0;

export async function startSending(options: SendingOptions): Promise<Sending> {
	const { port, path, publicAddress = '230.4.4.1', targets } = options;
	const isUnicast = !publicAddress.startsWith('2');
	const networkInterface = await findInterface('lo', 4);
	const socket = await openSocket({ family: 4, networkInterface, bind: { address: '127.0.0.1' } });
	const { entries, problems } = buildCatalogue([path]);
	if (problems.length > 0) throw new Error(problems[0]!.sentence);
	lastGroup++;
	const session = new SenderSession(
		{
			...SENDER_DEFAULTS,
			groupId: 0x1000 + lastGroup,
			groupInstance: 0,
			sourceId: 0x7f000009,
			family: 4,
			publicEndpoint: { host: publicAddress, port },
			privateEndpoint: { host: isUnicast ? publicAddress : `230.5.5.${1 + (lastGroup % 250)}`, port },
			isUnicast,
			rateBytesPerSecond: options.rateBytesPerSecond ?? 20_000_000,
			targets,
			proxies: [],
			expected: [],
			openPolicy: 'settled',
			graceMs: 2000,
			quitOnError: false,
			epochMs: Date.now() - monotonicMs(),
			seed: lastGroup,
			grttMs: { initial: 50, min: 10, max: 1000 },
			security: options.security,
		},
		entries,
		monotonicMs(),
	);
	const source = new FileSource(entries);
	const driver = new SenderDriver({ session, socket, source, onEvent: () => {} });
	const done = driver.run().finally(() => {
		source.closeAll();
		socket.close();
	});
	return { done, abort: (reason) => driver.abort(reason) };
}
