/** How a job is to be sent, from the options of `uftpctl send`. */
import type { JobOptions } from '@uftp/bus';
import { congestionForm, parseCongestion } from '@uftp/protocol/sender';
import { usageError } from '../exit-code.ts';
import { type CommandLine, has, numberOf, type OptionSpec, optionOf } from '../options.ts';

export const jobOptionSpecs: readonly OptionSpec[] = [
	{ name: '--rate', value: 'KBPS', help: 'rate in Kbps (1024 bit/s); -1: as fast as the receivers can take it' },
	{
		name: '--congestion',
		value: 'HOW',
		help: 'tfmcc[:min=KBPS][:init=KBPS][:max=KBPS]: the rate follows what the receivers report; or none',
	},
	{ name: '--max-time', value: 'PCT', help: 'give up when a file takes longer than PCT % of its time at the rate' },
	{ name: '--min-time', value: 'SECONDS', help: 'but never before so many seconds (default 10)' },
	{ name: '--encrypt', help: 'encrypt, whether or not the registry shows that every receiver can' },
	{ name: '--clear', help: 'do not encrypt; the default is to do so if every receiver can' },
	{ name: '--unlisted', help: 'receivers of --to need not be known to the registry: they are not on the bus' },
];

/** What the command line says; what it does not say is as the sender is configured. Throws a usage error. */
export function jobOptionsOf(line: CommandLine): Partial<JobOptions> {
	const rateKbps = numberOf(line, '--rate', -1, 2 ** 30);
	if (rateKbps === 0) throw usageError('--rate must be at least 1, or -1 for as fast as the receivers can take it.');
	const congestion = congestionOf(line);
	const maxTimePercent = numberOf(line, '--max-time', 110, 10_000);
	const minTimeSeconds = numberOf(line, '--min-time', 0, 3600);
	if (congestion?.startsWith('tfmcc') === true) {
		if (rateKbps !== undefined)
			throw usageError('--rate and --congestion contradict each other: "--congestion tfmcc:max=KBPS" bounds the rate.');
		if (maxTimePercent !== undefined)
			throw usageError('--max-time needs a rate to reckon with, and --congestion has none.');
	}
	if (minTimeSeconds !== undefined && maxTimePercent === undefined)
		throw usageError('--min-time needs --max-time: nothing ends a transfer without a longest time.');
	const encryption = encryptionOf(line);
	return {
		...(rateKbps === undefined ? {} : { rateKbps }),
		...(congestion === undefined ? {} : { congestion }),
		...(maxTimePercent === undefined ? {} : { maxTimePercent }),
		...(minTimeSeconds === undefined ? {} : { minTimeSeconds }),
		...(encryption === undefined ? {} : { encryption }),
		...(has(line, '--unlisted') ? { unlisted: true } : {}),
	};
}

function congestionOf(line: CommandLine): string | undefined {
	const words = optionOf(line, '--congestion');
	if (words === undefined) return undefined;
	const read = parseCongestion(words);
	if (read.ok) return words;
	throw usageError(`${read.problem}: --congestion takes ${congestionForm}, not ${JSON.stringify(words)}.`);
}

function encryptionOf(line: CommandLine): 'always' | 'never' | undefined {
	if (has(line, '--encrypt') && has(line, '--clear')) throw usageError('--encrypt and --clear contradict each other.');
	if (has(line, '--encrypt')) return 'always';
	return has(line, '--clear') ? 'never' : undefined;
}
