/** Congestion control as people write it, on command lines and in settings: "tfmcc:min=512:max=20000". */
import { BYTES_PER_KBPS, type CongestionConfig } from '../sender-config.ts';

/** Rates are in Kbps. */
const KBPS_MAX = 2 ** 30;

/** What can be written, for messages and help. */
export const congestionForm =
	'"none" or "tfmcc", the latter with :min=, :init= and :max= in any order, ' +
	`each from 1 to ${KBPS_MAX} Kbps and min <= init <= max`;

type Bound = 'min' | 'init' | 'max';

export type CongestionWords =
	/** Undefined: "none". */
	| { readonly ok: true; readonly value: CongestionConfig | undefined }
	/** A few words about what is wrong; `congestionForm` says what would be right. */
	| { readonly ok: false; readonly problem: string };

/** Reads `none`, or `tfmcc` with its bounds in any order, or `tfmcc:MAX` as it was written before UFTP 4.10. */
export function parseCongestion(text: string): CongestionWords {
	const [kind, ...parts] = text.split(':');
	if (kind === 'none') return { ok: true, value: undefined };
	if (kind !== 'tfmcc') return { ok: false, problem: 'Invalid congestion control type' };
	const bounds = new Map<Bound, number>();
	for (const part of parts) {
		if (part === '') continue;
		const [, name = 'max', digits = ''] = /^(?:(min|init|max)=)?(.*)$/.exec(part) ?? [];
		if (digits.includes('=')) return { ok: false, problem: `Invalid rate type ${part}` };
		const kbps = /^\d+$/.test(digits) ? Number(digits) : 0;
		if (kbps < 1 || kbps > KBPS_MAX)
			return { ok: false, problem: part === digits ? 'Invalid max rate' : `Invalid rate ${part}` };
		bounds.set(name as Bound, kbps * BYTES_PER_KBPS);
	}
	const minBytesPerSecond = bounds.get('min') ?? 0;
	const initialBytesPerSecond = bounds.get('init');
	const maxBytesPerSecond = bounds.get('max') ?? Number.POSITIVE_INFINITY;
	const begin = initialBytesPerSecond ?? minBytesPerSecond;
	if (begin < minBytesPerSecond || maxBytesPerSecond < begin)
		return { ok: false, problem: 'Invalid rate: min <= init <= max' };
	return { ok: true, value: { kind: 'tfmcc', minBytesPerSecond, initialBytesPerSecond, maxBytesPerSecond } };
}
