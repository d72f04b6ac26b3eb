/** The options of `uftp` as settings of the library. */
import type { SendSettings } from '@uftp/endpoint/sending';
import { BYTES_PER_KBPS } from '@uftp/protocol';
import { isMulticast, parseAddress } from '@uftp/wire';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import type { SendingPlan } from './sending-plan.ts';

/** Throws a `CommandError` for what the library would take, and C does not. */
export function sendSettings({ options, targets, proxies, security, resumed, excluded }: SendingPlan): SendSettings {
	const { publicAddress, privateAddress, destinationName } = options;
	const isIPv6 = parseAddress(publicAddress)?.length === 16;
	if (privateAddress === undefined && isIPv6 && isMulticast(publicAddress)) {
		throw new CommandError(
			ExitCode.Network,
			'Invalid private address: with an IPv6 group for -M, give one for -P too, such as ff02::5:5:x.',
		);
	}
	return {
		publicAddress,
		privateAddress,
		port: options.port,
		sourcePort: options.sourcePort,
		interface: options.networkInterface,
		uid: options.senderId,
		ttl: options.ttl,
		dscp: options.dscp,
		bufferBytes: options.bufferBytes,
		receivers: targets,
		// As in C a list of proxies is for closed groups.
		proxies: targets.length === 0 ? [] : [...proxies.names.keys()],
		announcing: 'full',
		rateBytesPerSecond: options.rateKbps * BYTES_PER_KBPS,
		congestion: options.congestion,
		blockBytes: options.blockBytes,
		robust: options.robust,
		grttMs: options.grttMs,
		limits: options.limits,
		quitOnError: options.quitOnError,
		sync: options.sync,
		preview: options.preview,
		security: security?.config,
		resumed: resumed && { groupId: resumed.groupId, groupInstance: resumed.groupInstance + 1 },
		catalogue: {
			followLinks: options.followLinks,
			destinationIsDirectory: options.destinationIsDirectory,
			excluded,
			...(destinationName === undefined ? {} : { destinationName }),
		},
	};
}
