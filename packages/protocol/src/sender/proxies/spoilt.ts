/**
 * What proxies of 4.x make of congestion control (wire facts, section 11): they merge a report that stands in a STATUS
 * into its bitmap, so that blocks are missing for ever, and in encrypted sessions they pass on no report that can be
 * believed. Such sessions must end, and say why.
 */
import { formatUid } from '@uftp/wire';
import type { SenderContext } from '../context.ts';
import type { Member } from '../roster.ts';

/** No loss that lets a transfer go on at all needs so many passes. */
export const SPOILT_PASSES = 100;

const CURE = 'use a fixed rate, or a proxy of ours';

/** Why a receiver is lost of which congestion control hears nothing, if its proxy is the reason. */
export function spoiltReports({ security }: SenderContext, { via }: Member): string | undefined {
	if (security === undefined || via === undefined || via.isOurs) return undefined;
	return `its proxy ${formatUid(via.id)} passes on no reports for congestion control in encrypted sessions: ${CURE}`;
}

/** Why a receiver is lost whose proxy has reported missing blocks after so many passes, if that is no end in sight. */
export function spoiltNaks({ congestion }: SenderContext, member: Member, pass: number): string | undefined {
	const { via, fileState } = member;
	if (congestion === undefined || via === undefined || via.isOurs || pass <= SPOILT_PASSES) return undefined;
	if (fileState !== 'naked' && !(fileState === 'active' && via.hasNaked)) return undefined;
	return `its proxy ${formatUid(via.id)} mixes reports for congestion control into those of missing blocks: ${CURE}`;
}
