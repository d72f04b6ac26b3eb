import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ending } from '../programs.ts';
import type { ProxyScenario } from './proxy-scenario.ts';

/** What came of a scenario. */
export interface Played {
	readonly scenario: ProxyScenario;
	readonly senders: readonly {
		readonly ending: Ending | undefined;
		readonly said: string;
		readonly bytes: Uint8Array | undefined;
	}[];
	readonly receivers: readonly {
		readonly title: string;
		readonly uid: string;
		/** It needs no proxy. */
		readonly isDirect: boolean;
		readonly isOurs: boolean;
		readonly destination: string;
		readonly said: () => string;
	}[];
}

/** A receiver says that it is done after the sender has confirmed it. */
const agreementMs = 3000;
/** A C receiver gives up after `robust` round trips of silence, one of ours after 30 s: then it says so. */
const outcomeMs = 40_000;

const confirmed = /Group file transfer confirmed/g;
/** Where packets are lost the last one may be: after a while a receiver that has everything is content without it. */
const confirmedOrNot = /Group file transfer confirmed|Completion unconfirmed by server|did not confirm/g;
const contentMs = 8000;
const givenUp = /abort|timed out|unconfirmed/gi;
/** A C receiver whose proxy is dead may have its last word after the file. */
const hasFile = /File transfer complete/g;

/** Says in sentences what was not as the scenario wants it. */
export async function judge(played: Played): Promise<string[]> {
	const problems: string[] = [];
	for (const [index, { ending, said }] of played.senders.entries()) {
		if (ending?.timedOut !== false) problems.push(`sender ${index} did not end in time`);
		else if (ending.code !== 0 && played.scenario.expect !== 'outcome') {
			problems.push(`sender ${index} ended with ${ending.signal ?? ending.code}, not 0`);
		}
		problems.push(...statusProblems(played, index, said));
	}
	const verdict = played.scenario.expect === 'outcome' ? outcomeProblems : completeProblems;
	const ofReceivers = await Promise.all(played.receivers.map((receiver) => verdict(played, receiver)));
	return [...problems, ...ofReceivers.flat()];
}

/** What a sender says about each receiver: one line each, and all completed unless the scenario wants only an outcome. */
function statusProblems({ scenario, receivers }: Played, index: number, said: string): string[] {
	const statuses = statusesOf(said);
	const missing = receivers.filter(({ uid }) => !statuses.has(uid));
	const problems = missing.map(({ title }) => `sender ${index} says nothing about ${title}`);
	if (statuses.size > receivers.length) problems.push(`sender ${index} names ${statuses.size} receivers`);
	if (scenario.expect === 'outcome') return problems;
	const others = receivers.filter(({ uid }) => statuses.has(uid) && statuses.get(uid) !== 'Completed');
	return [...problems, ...others.map(({ title, uid }) => `sender ${index} says of ${title}: ${statuses.get(uid)}`)];
}

function statusesOf(said: string): Map<string, string> {
	const lines = said.matchAll(/Host: (\S+)\s+Status: (Completed|Mute|Lost|Aborted|Rejected|Skipped)/gi);
	return new Map([...lines].map(([, uid = '', status = '']) => [uid.replace(/^0X/i, '0x'), status]));
}

async function completeProblems(played: Played, receiver: Played['receivers'][number]): Promise<string[]> {
	const wanted = played.senders.length;
	const isLossy = played.scenario.lossPercent !== undefined;
	const pattern = isLossy ? confirmedOrNot : confirmed;
	await until(() => count(receiver.said(), pattern) >= wanted, isLossy ? contentMs : agreementMs);
	const problems: string[] = [];
	const heard = count(receiver.said(), pattern);
	if (heard !== wanted) problems.push(`${receiver.title} calls ${heard} of ${wanted} sessions complete`);
	for (const [index, { bytes }] of played.senders.entries()) {
		const fault = fileFault(join(receiver.destination, `file${index}.bin`), bytes);
		if (fault !== undefined) problems.push(`${receiver.title} ${fault} (file ${index})`);
	}
	return problems;
}

/** Who needs no proxy is complete. Others have said one thing or the other, and whom the sender calls complete is. */
async function outcomeProblems(played: Played, receiver: Played['receivers'][number]): Promise<string[]> {
	if (receiver.isDirect) return completeProblems(played, receiver);
	const lastWords = [confirmed, givenUp, ...(receiver.isOurs ? [] : [hasFile])];
	const isOver = (): boolean => lastWords.some((words) => count(receiver.said(), words) > 0);
	await until(isOver, outcomeMs);
	const problems = isOver() ? [] : [`${receiver.title} never says what became of the session`];
	for (const [index, { said, bytes }] of played.senders.entries()) {
		if (statusesOf(said).get(receiver.uid) !== 'Completed') continue;
		const fault = fileFault(join(receiver.destination, `file${index}.bin`), bytes);
		if (fault !== undefined) problems.push(`sender ${index} calls ${receiver.title} complete, but it ${fault}`);
	}
	return problems;
}

function fileFault(path: string, bytes: Uint8Array | undefined): string | undefined {
	if (!existsSync(path)) return 'has no file';
	return readFileSync(path).equals(bytes ?? new Uint8Array()) ? undefined : 'has other bytes than were sent';
}

function count(text: string, pattern: RegExp): number {
	return text.match(pattern)?.length ?? 0;
}

async function until(isSo: () => boolean, patienceMs: number): Promise<void> {
	const untilMs = performance.now() + patienceMs;
	while (!isSo() && performance.now() < untilMs) await sleep(20);
}
