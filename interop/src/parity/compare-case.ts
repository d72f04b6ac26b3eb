/** One case with the C programs and with ours: what differs, and which of that is meant. */
import type { Pair } from '../scenario.ts';
import { cToC, cToOurs, oursToC, oursToOurs } from '../scenario-parts.ts';
import { createTopology } from '../topology.ts';
import { difference, differenceInOrder } from './observation.ts';
import { isCommand, type Observation, type ParityCase } from './parity-case.ts';
import { hostsOfCase, runCase } from './run-case.ts';

export interface PairReport {
	readonly pair: Pair;
	/** Lines that nobody meant to differ. */
	readonly unexpected: readonly string[];
	/** Lines that are meant to, each with its reason. */
	readonly intended: readonly { readonly line: string; readonly why: string }[];
}

export interface CaseReport {
	readonly parity: ParityCase;
	readonly pairs: readonly PairReport[];
	/** Intended differences that have not shown: the list is out of date. */
	readonly stale: readonly string[];
}

/** Runs the case for C alone and for each pair with ours, in networks of their own. */
export async function compareCase(parity: ParityCase): Promise<CaseReport> {
	const reference = await runAlone(parity, cToC);
	const matched = new Set<number>();
	const pairs: PairReport[] = [];
	for (const pair of isCommand(parity) ? [oursToOurs] : [oursToC, cToOurs, oursToOurs]) {
		const isOrdered = isCommand(parity) || parity.anyOrder !== true;
		const differ = isOrdered ? differenceInOrder : difference;
		const lines = differ(reference, await runAlone(parity, pair));
		pairs.push(sort(parity, pair, lines, matched));
	}
	const stale = (parity.intended ?? []).filter((_, index) => !matched.has(index)).map(({ why }) => why);
	return { parity, pairs, stale };
}

async function runAlone(parity: ParityCase, pair: Pair): Promise<Observation> {
	const topology = await createTopology({ hosts: hostsOfCase(parity) });
	try {
		return await runCase(topology, parity, pair);
	} finally {
		topology.close();
	}
}

function sort(parity: ParityCase, pair: Pair, lines: readonly string[], matched: Set<number>): PairReport {
	const unexpected: string[] = [];
	const intended: { line: string; why: string }[] = [];
	for (const line of lines) {
		const index = (parity.intended ?? []).findIndex(
			(each) => each.lines.test(line) && (each.pairs === undefined || each.pairs.includes(pair)),
		);
		if (index < 0) unexpected.push(line);
		else {
			matched.add(index);
			intended.push({ line, why: parity.intended?.[index]?.why ?? '' });
		}
	}
	return { pair, unexpected, intended };
}

/** The report as text: one line per pair, with the lines that differ below it. */
export function reportLines(report: CaseReport): string[] {
	const lines: string[] = [];
	for (const { pair, unexpected, intended } of report.pairs) {
		const who = isCommand(report.parity) ? 'ours' : `${pair.sender} to ${pair.receiver}`;
		const what = unexpected.length > 0 ? 'DIFFERENT' : intended.length > 0 ? `${intended.length} intended` : 'the same';
		lines.push(`${what.padEnd(12)} ${who.padEnd(12)} ${report.parity.name}`);
		for (const line of unexpected) lines.push(`             ! ${line}`);
		for (const { line, why } of intended) lines.push(`             ${line}`, `               because ${why}`);
	}
	for (const why of report.stale) lines.push(`OUT OF DATE  ${report.parity.name}: does not show: ${why}`);
	return lines;
}

export function isAsIntended(report: CaseReport): boolean {
	return report.stale.length === 0 && report.pairs.every(({ unexpected }) => unexpected.length === 0);
}
