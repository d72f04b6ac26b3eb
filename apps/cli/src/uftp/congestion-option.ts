/** -C: whether the rate is fixed, or follows what the receivers report (TFMCC), within which bounds. */
import type { CongestionConfig } from '@uftp/protocol';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';

/** As for -R, in Kbps of 1024 bit/s. */
const KBPS_MAX = 2 ** 30;
const BYTES_PER_KBPS = 1024 / 8;

type Bound = 'min' | 'init' | 'max';

/** `none`, or `tfmcc` with `:min=`, `:init=` and `:max=` in any order, or `:MAX` alone as it was before 4.10. */
export function congestionOption(text: string): CongestionConfig | undefined {
	const [kind, ...parts] = text.split(':');
	if (kind === 'none') return undefined;
	if (kind !== 'tfmcc') refuse('Invalid congestion control type', text);
	const bounds = new Map<Bound, number>();
	for (const part of parts) {
		if (part === '') continue;
		const [, name = 'max', digits = ''] = /^(?:(min|init|max)=)?(.*)$/.exec(part) ?? [];
		const isUnknown = digits.includes('=');
		if (isUnknown) refuse(`Invalid rate type ${part}`, text);
		const kbps = /^\d+$/.test(digits) ? Number(digits) : 0;
		if (kbps < 1 || kbps > KBPS_MAX) refuse(part === digits ? 'Invalid max rate' : `Invalid rate ${part}`, text);
		bounds.set(name as Bound, kbps * BYTES_PER_KBPS);
	}
	const minBytesPerSecond = bounds.get('min') ?? 0;
	const initialBytesPerSecond = bounds.get('init');
	const maxBytesPerSecond = bounds.get('max') ?? Number.POSITIVE_INFINITY;
	const inOrder = [minBytesPerSecond, initialBytesPerSecond ?? minBytesPerSecond, maxBytesPerSecond];
	if (inOrder.some((value, i) => i > 0 && value < inOrder[i - 1])) refuse('Invalid rate: min <= init <= max', text);
	return { kind: 'tfmcc', minBytesPerSecond, initialBytesPerSecond, maxBytesPerSecond };
}

function refuse(words: string, text: string): never {
	throw new CommandError(
		ExitCode.Parameters,
		`${words}: -C takes "none" or "tfmcc", the latter with :min=, :init= and :max= in any order, ` +
			`each from 1 to ${KBPS_MAX} Kbps and min <= init <= max, not "${text}".`,
	);
}
