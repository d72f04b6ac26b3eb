/** One row of the parity table: what is done with the C programs and with ours, and which differences are meant. */
import type { Pair } from '../scenario.ts';

/** Something on disk before a case begins. */
export type ParityEntry =
	| ({
			readonly path: string;
			readonly mode?: number;
			/** Seconds since 1970; default: a fixed time. */
			readonly modified?: number;
	  } & ({ readonly text: string } | { readonly bytes: number }))
	| { readonly path: string; readonly link: string }
	| { readonly path: string; readonly directory: true };

/** A difference from the C programs that is meant, and why. */
export interface Intended {
	/** Lines of the difference ("+ ..." is only with ours, "- ..." only with C). */
	readonly lines: RegExp;
	readonly why: string;
	/** Where it shows; default: wherever it matches. */
	readonly pairs?: readonly Pair[];
}

/** A receiver's or sender's words; `{dir}` is the case's own folder, `{n}` the receiver's number. */
export interface SessionCase {
	/** A sentence about behaviour. */
	readonly name: string;
	/** What lies in `{dir}/source`, where the sender runs. */
	readonly source: readonly ParityEntry[];
	/** What lies in `{dir}` besides: lists, scripts, what receivers have already (`dest1/...`), folders. */
	readonly there?: readonly ParityEntry[];
	/** Words of the senders that run one after the other, beyond those that the network needs. */
	readonly send: readonly (readonly string[])[];
	/** Words of each receiver, beyond those that the network needs and `-D {dir}/dest{n}`. */
	readonly receive?: readonly string[];
	/** The same without the default `-D`. */
	readonly namesDestination?: boolean;
	/** How many receivers run; default 1. */
	readonly receivers?: number;
	/** UIDs of the closed group beside those that run: receivers that never come. `open`: no -H at all. */
	readonly absent?: readonly string[];
	readonly open?: boolean;
	/** Receivers run as daemons (no -d), with their pid and log files in `{dir}`. */
	readonly daemon?: boolean;
	readonly lossPercent?: number;
	/** A tree: the order of its files is the file system's with C and the names' with ours. */
	readonly anyOrder?: boolean;
	/** That log files have been rolled is compared, not what is in them. */
	readonly rolledLogs?: boolean;
	/** Log lines whose presence is compared: on the sender's and on the receivers' side. */
	readonly says?: readonly RegExp[];
	/** A part of `npm test`. */
	readonly quick?: boolean;
	readonly intended?: readonly Intended[];
}

/** A command alone: only its exit code counts. */
export interface CommandCase {
	readonly name: string;
	readonly program: 'uftp' | 'uftpd';
	readonly words: readonly string[];
	readonly there?: readonly ParityEntry[];
	readonly quick?: boolean;
	readonly intended?: readonly Intended[];
}

export type ParityCase = SessionCase | CommandCase;

export function isCommand(parity: ParityCase): parity is CommandCase {
	return 'program' in parity;
}

/** What a case left behind, as lines that can be compared: exit codes, files, status lines, log lines. */
export type Observation = readonly string[];
