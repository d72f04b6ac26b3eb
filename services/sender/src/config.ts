/** Settings of a sender. */
import { isAbsolute } from 'node:path';
import { encryptionModes } from '@uftp/bus/schemas';
import type { CongestionConfig } from '@uftp/protocol';
import { congestionForm, parseCongestion } from '@uftp/protocol/sender';
import { choice, commonSettings, flag, integer, keySettings, list, seconds, text } from '@uftp/service-kit';
import type { SourceRoot } from '@uftp/storage';
import {
	DEFAULT_BLOCK_BYTES,
	DEFAULT_PORT,
	DEFAULT_ROBUST,
	formatUid,
	MAX_BLOCK_BYTES,
	MAX_ROBUST,
	MIN_BLOCK_BYTES,
	MIN_ROBUST,
	parseAddress,
	parseUid,
} from '@uftp/wire';
import { z } from 'zod';
import { proxyList } from './jobs/job-proxies.ts';

const rootPattern = /^([A-Za-z0-9][A-Za-z0-9._-]{0,63})=(.+)$/;

/** "media=/srv/media,docs=/srv/docs". */
const roots = list('').transform((words, context): readonly SourceRoot[] => {
	const found = new Map<string, SourceRoot>();
	for (const word of words) {
		const [, label, directory] = rootPattern.exec(word) ?? [];
		const fault =
			label === undefined || directory === undefined
				? `${JSON.stringify(word)} is not "label=/path"`
				: !isAbsolute(directory)
					? `the folder of root ${label} must be an absolute path, not ${JSON.stringify(directory)}`
					: found.has(label)
						? `the root ${label} stands there twice`
						: undefined;
		if (fault !== undefined) context.issues.push({ code: 'custom', message: fault, input: words });
		else found.set(label as string, { label: label as string, directory: directory as string });
	}
	return [...found.values()];
});

/** "tfmcc:max=20000"; undefined for "none". */
const congestion = z.string().transform((words, context): CongestionConfig | undefined => {
	const read = parseCongestion(words);
	if (read.ok) return read.value;
	context.issues.push({ code: 'custom', message: `${read.problem}: takes ${congestionForm}`, input: words });
	return z.NEVER;
});

const uid = z
	.string()
	.refine((value) => parseUid(value) !== undefined, 'must be a UID such as 0x0A630001 (not 0 and not 0xFFFFFFFF)')
	.transform((value) => formatUid(parseUid(value) as number));

export const senderConfig = z.strictObject({
	...commonSettings,
	roots: roots
		.describe(
			'Folders that jobs may send from, as `label=/absolute/path` with commas between them; without one no job is taken',
		)
		.prefault(''),
	uid: uid.describe('UID of this sender; by default made from the address of its interface').optional(),
	interface: text(
		'Interface to send on: name, number, address or network (`10.0.0.0/8`); the loopback only if named',
	).optional(),
	publicAddress: text('Group on which sessions are announced; an address of one host for unicast')
		.refine((address) => parseAddress(address) !== undefined, 'must be an IPv4 or IPv6 address')
		.prefault('230.4.4.1'),
	privateAddress: text(
		'Group of a session, where each `x` becomes a random part; by default `230.5.5.x`, for IPv6 `ff15::5:5:x`',
	).optional(),
	port: integer('UDP port of the receivers', 1, 65_535).prefault(String(DEFAULT_PORT)),
	ttl: integer('Time to live of multicast', 1, 255).prefault('1'),
	rateKbps: integer('Rate in Kbps (1024 bit/s); -1 is as fast as the receivers can take it', -1, 2 ** 30)
		.refine((rate) => rate !== 0, 'must be at least 1, or -1 for as fast as the receivers can take it')
		.prefault('-1'),
	congestion: congestion
		.describe(
			'Congestion control of jobs that name no rate: `none`, or `tfmcc` with bounds in Kbps as `tfmcc:min=512:max=20000`',
		)
		.prefault('none'),
	proxies: proxyList
		.describe(
			'Proxies through which receivers may answer, as `UID` or `UID=fingerprint` with commas between them, for jobs that name none',
		)
		.prefault(''),
	blockSize: integer('Bytes of a file in one datagram', MIN_BLOCK_BYTES, MAX_BLOCK_BYTES).prefault(
		String(DEFAULT_BLOCK_BYTES),
	),
	robust: integer('How often what is not answered is repeated', MIN_ROBUST, MAX_ROBUST).prefault(
		String(DEFAULT_ROBUST),
	),
	graceSeconds: seconds('How long a receiver of ours may be silent before it counts as lost', 0, 86_400).prefault('30'),
	...keySettings,
	encryption: choice(
		'When sessions are encrypted: if every receiver that is expected can (auto), always, or never',
		encryptionModes,
	).prefault('auto'),
	followLinks: flag('Send what symbolic links point to (within the root) instead of the links').prefault('false'),
	jobsAtOnce: integer('Jobs that run at the same time; the others wait', 1, 32).prefault('1'),
	jobsWaiting: integer('Jobs that may wait; more are refused', 0, 100_000).prefault('1000'),
	socketDriver: choice('How UDP is spoken: as fast as the system can, or forced', [
		'auto',
		'linux-batch',
		'portable',
	]).prefault('auto'),
});

export type SenderServiceConfig = z.output<typeof senderConfig>;
