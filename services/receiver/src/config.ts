/** Settings of a receiver. */
import { isNodeId } from '@uftp/bus';
import { choice, commonSettings, flag, integer, keySettings, list, seconds, text } from '@uftp/service-kit';
import { addressFamily, DEFAULT_PORT, formatUid, isMulticast, parseUid } from '@uftp/wire';
import { z } from 'zod';
import { parseProxySetting } from './configured-proxy.ts';

/** A response proxy as people write it. */
const responseProxy = z.string().transform((value, context) => {
	const setting = parseProxySetting(value);
	if (typeof setting !== 'string') return setting;
	context.addIssue({ code: 'custom', message: setting });
	return z.NEVER;
});

/** A UID as people write it, in its canonical form. */
const uid = z
	.string()
	.refine((value) => parseUid(value) !== undefined, 'must be a UID such as 0x0A630002 (not 0 and not 0xFFFFFFFF)')
	.transform((value) => formatUid(parseUid(value) as number));

export const receiverConfig = z.strictObject({
	...commonSettings,
	destination: text('Folder that files are stored under; it must exist'),
	uid: uid
		.describe('UID of this receiver; by default made from the address of its interface, or made up once and kept')
		.optional(),
	interface: text(
		'Interface to listen on: name, number, address or network (`10.0.0.0/8`); the loopback only if named',
	).optional(),
	publicAddress: list('Multicast groups on which sessions are announced, all IPv4 or all IPv6')
		.refine((groups) => groups.length > 0 && groups.every(isMulticast), 'must be one or more multicast addresses')
		.refine((groups) => new Set(groups.map(addressFamily)).size === 1, 'must not mix IPv4 and IPv6')
		.prefault('230.4.4.1'),
	port: integer('UDP port', 1, 65_535).prefault(String(DEFAULT_PORT)),
	...keySettings,
	responseProxy: responseProxy
		.describe('Response proxy that takes the answers to senders: `host[:port][/fingerprint]`')
		.optional(),
	responsePool: z
		.string()
		.refine(isNodeId, 'must be 1 to 64 of A-Z, a-z, 0-9, "_" and "-"')
		.describe('Pool of response proxies that share receivers: the registry says which of them takes the answers')
		.optional(),
	sendersFile: text(
		'List of the senders that are accepted: a file, or a folder of files, as for `uftpd -S`',
	).optional(),
	encryptedOnly: flag('Take part in encrypted sessions only').prefault('false'),
	graceSeconds: seconds('How long a session rides out a silent sender', 0, 86_400).prefault('30'),
	sessionsMax: integer('Sessions at the same time', 1, 100).prefault('100'),
	minFreeBytes: integer('Bytes of disk space that are left free', 0, 999_999_999_999_999).prefault('0'),
	inPlace: flag('Write files over the ones that they replace, for small disks; what is interrupted is lost').prefault(
		'false',
	),
	umask: z
		.string()
		.regex(/^[0-7]{1,4}$/, 'must be an octal mask such as 027')
		.transform((value) => Number.parseInt(value, 8))
		.describe('Permission bits that received files never get, beside those of the umask of the process')
		.prefault('0'),
	socketDriver: choice('How UDP is spoken: as fast as the system can, or forced', [
		'auto',
		'linux-batch',
		'portable',
	]).prefault('auto'),
});

export type ReceiverConfig = z.output<typeof receiverConfig>;
