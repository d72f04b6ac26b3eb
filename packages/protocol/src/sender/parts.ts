/** The parts of one sending session. Each phase and function says which of them it needs. */
import type { CatalogueEntry } from '../ports.ts';
import type { SenderConfig } from '../sender-config.ts';
import { Clockwork } from './clockwork.ts';
import { Newcomers } from './membership/newcomers.ts';
import { Roster } from './membership/roster.ts';
import { Outgoing } from './outgoing.ts';
import { CongestionControl } from './rate/congestion-control.ts';
import { TransmitRate } from './rate/transmit-rate.ts';
import { Handshakes } from './security/handshakes.ts';
import { SenderSecurity } from './security/sender-security.ts';
import { SenderReports } from './sender-reports.ts';

export interface SenderParts {
	readonly config: SenderConfig;
	readonly catalogue: readonly CatalogueEntry[];
	readonly clock: Clockwork;
	readonly reports: SenderReports;
	readonly roster: Roster;
	readonly newcomers: Newcomers;
	readonly outgoing: Outgoing;
	readonly rate: TransmitRate;
	/** Undefined in a session in the clear. */
	readonly security: SenderSecurity | undefined;
	readonly handshakes: Handshakes | undefined;
	/** Undefined in a session at a fixed rate, or without a limit. */
	readonly congestion: CongestionControl | undefined;
}

/** Throws a RangeError with a sentence when the configuration's security cannot work. */
export function makeParts(config: SenderConfig, catalogue: readonly CatalogueEntry[], now: number): SenderParts {
	const reports = new SenderReports();
	const clock = new Clockwork(config, now);
	const roster = new Roster((event) => reports.emit(event), config.graceMs);
	const security = config.security && new SenderSecurity(config, config.security, now);
	const outgoing = new Outgoing(config, security, reports);
	const rate = new TransmitRate(config, clock, reports);
	const core = { config, catalogue, clock, reports, roster, outgoing, rate };
	return {
		...core,
		newcomers: new Newcomers(config.expected),
		security,
		handshakes: security && new Handshakes(core, security),
		congestion: config.congestion && new CongestionControl(core, config.congestion, now),
	};
}
