/** What the numbers among the settings of an endpoint may be: one rule for each kind, checked before anything is opened. */
import { isUid } from '@uftp/wire';
import { EndpointError } from '../problems/index.ts';

/** A kind of number: the test, and the words behind "it takes". */
export interface NumberRule {
	readonly range: string;
	readonly allows: (value: number) => boolean;
}

/** Settings by name; those that are absent, undefined, or no numbers (such as 'address') are not checked. */
export type NumberRules = Readonly<Record<string, NumberRule>>;

export const UID: NumberRule = { range: 'a whole number from 1 to 4294967294', allows: isUid };
export const PORT = whole(1, 65_535);
/** 0: any. */
export const OWN_PORT = whole(0, 65_535);
export const TTL = whole(1, 255);
export const DSCP = whole(0, 63);
export const BUFFER_BYTES = whole(0, 2 ** 31 - 1);
/** The longest time that a timer can be set to. */
export const MILLISECONDS = between(0, 2 ** 31 - 1);
/** Of what happens again and again. */
export const INTERVAL_MS = between(1, 2 ** 31 - 1);

/** Of `heartbeats`. */
export const HEARTBEAT_NUMBERS: NumberRules = { intervalMs: INTERVAL_MS };

/** Whole numbers within both bounds. */
export function whole(min: number, max: number): NumberRule {
	const range = `a whole number from ${min} to ${max}`;
	return { range, allows: (value) => Number.isInteger(value) && value >= min && value <= max };
}

function between(min: number, max: number): NumberRule {
	return { range: `a number from ${min} to ${max}`, allows: (value) => value >= min && value <= max };
}

/** Throws an `EndpointError` (`setting-invalid`) that names the first number, alone or in a list, that its rule does not allow. */
export function checkNumbers(settings: object, rules: NumberRules): void {
	const values = settings as Readonly<Record<string, unknown>>;
	for (const [setting, { range, allows }] of Object.entries(rules)) {
		const given = values[setting];
		for (const value of Array.isArray(given) ? given : [given]) {
			if (typeof value !== 'number' || allows(value)) continue;
			throw new EndpointError('setting-invalid', { setting, why: `${setting} is ${value}: it takes ${range}.` });
		}
	}
}
