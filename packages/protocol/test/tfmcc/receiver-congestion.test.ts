import { CcFlag, CcType, decodeRate, encodeRate, encodeRtt, FILESEG_TFMCC_HEADER_BYTES } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { contentOf, RECEIVER_ID, ScriptedSender, SENDER, ShellUnderTest } from '../scripted-sender.ts';

const BLOCK = 512;
const CONTENT = contentOf(BLOCK * 4000);
/** Header, TFMCC_DATA_INFO, UDP and IPv4. */
const WIRE_BYTES = 32 + BLOCK + 28;
const UNLIMITED = 0x481e;

class Session {
	readonly shell = new ShellUnderTest();
	readonly sender = new ScriptedSender({ blockBytes: BLOCK });
	#next = 0;

	constructor() {
		const { shell, sender } = this;
		shell.deliver(sender.announce({ ccType: CcType.TFMCC, ids: [RECEIVER_ID] }));
		shell.deliver(sender.regConf());
		shell.deliver(sender.fileInfo({ size: CONTENT.length }));
		shell.clear();
	}

	/** Blocks bear a congestion mark. */
	isMarked = false;

	/** Sends `count` blocks, one per ms, without those that `drops` names by their place among them. */
	blocks(count: number, drops: readonly number[] = [], round = 0, rateCode = UNLIMITED): void {
		for (let i = 0; i < count; i++) {
			const info = { sendRateCode: encodeRate(1e6), ccSequence: round, ccRateCode: rateCode };
			const at = this.#next++;
			const payload = CONTENT.subarray(at * BLOCK, (at + 1) * BLOCK);
			const datagram = this.sender.ccBlock(1, 0, at, payload, info);
			if (!drops.includes(i)) this.shell.deliver(datagram, SENDER, this.isMarked);
			this.shell.advance(1);
		}
	}

	/** A CONG_CTRL that names this receiver, and what it answers at once. */
	control(flags: number, rttMs = 20, round = 0) {
		this.shell.clear();
		const item = { clientId: RECEIVER_ID, flags, rttCode: encodeRtt(rttMs / 1000) };
		this.shell.deliver(this.sender.congCtrl({ ccSequence: round, items: [item] }));
		return this.shell.of('ccAck').map(({ report }) => report);
	}
}

describe('a receiver of a congestion-controlled session', () => {
	it('takes blocks behind their longer header, and says how they come', () => {
		const session = new Session();
		session.blocks(10);
		expect(session.shell.node.expectedSplit).toBe(FILESEG_TFMCC_HEADER_BYTES);
		expect(session.shell.node.expectsMarks).toBe(true);
		const [content] = session.shell.contents.values();
		expect(content.subarray(0, 10 * BLOCK)).toEqual(CONTENT.subarray(0, 10 * BLOCK));
	});

	it('answers every CONG_CTRL as the CLR: twice what came while nothing was lost, the timestamp as it was held', () => {
		const session = new Session();
		session.blocks(200);
		const [report] = session.control(CcFlag.CLR | CcFlag.RTT | CcFlag.SLOW_START);
		expect(report).toMatchObject({ flags: CcFlag.RTT | CcFlag.SLOW_START, clientId: RECEIVER_ID, ccSequence: 0 });
		expect(report.timestamp).toEqual({ seconds: 3000, microseconds: 0 });
		expect(decodeRate(report.ccRateCode) / (2 * WIRE_BYTES * 1000)).toBeCloseTo(1, 1);
		expect(session.control(CcFlag.CLR | CcFlag.RTT)).toHaveLength(1);
	});

	it('says nothing before the first block', () => {
		const session = new Session();
		expect(session.control(CcFlag.CLR | CcFlag.RTT)).toEqual([]);
	});

	it('reports the rate of the TCP equation after a loss, and ends slow start', () => {
		const session = new Session();
		session.control(CcFlag.RTT, 20);
		for (let i = 0; i < 12; i++) session.blocks(100, [50]);
		const [report] = session.control(CcFlag.CLR | CcFlag.RTT, 20);
		expect(report.flags).toBe(CcFlag.RTT);
		const p = 0.01;
		const roundTrips = Math.sqrt((2 * p) / 3) + 12 * Math.sqrt((3 * p) / 8) * p * (1 + 32 * p * p);
		expect(decodeRate(report.ccRateCode) / (WIRE_BYTES / (0.02 * roundTrips))).toBeCloseTo(1, 0);
	});

	it('reckons with the GRTT and does not claim an RTT as long as it was not told one', () => {
		const session = new Session();
		session.blocks(300, [100, 200]);
		session.shell.clear();
		session.blocks(80, [], 1);
		const [{ report }] = session.shell.of('ccAck');
		expect(report.flags).toBe(0);
	});

	it('answers once in a round if it is not the CLR, unless somebody slower was heard', () => {
		const session = new Session();
		session.blocks(80);
		session.shell.clear();
		session.blocks(80, [], 1);
		session.shell.advance(100);
		expect(session.shell.of('ccAck')).toHaveLength(1);
		expect(session.shell.of('ccAck')[0].report.ccSequence).toBe(1);
		session.shell.clear();
		session.blocks(80, [], 2, encodeRate(1000));
		session.shell.advance(100);
		expect(session.shell.of('ccAck')).toEqual([]);
	});

	it('takes congestion marks for losses', () => {
		const session = new Session();
		session.blocks(100);
		session.isMarked = true;
		session.blocks(1);
		session.isMarked = false;
		const [report] = session.control(CcFlag.CLR | CcFlag.RTT);
		expect(report.flags & CcFlag.SLOW_START).toBe(0);
		expect(session.shell.node.counters['naksSent']).toBe(0);
	});

	it('leaves the report out of STATUS: proxies of 4.10.2 take it for a part of the bitmap', () => {
		const session = new Session();
		session.blocks(50, [10, 20]);
		session.shell.deliver(session.sender.done(1, 0));
		session.shell.advance(50);
		const [status] = session.shell.of('status');
		expect(status.bitmapBytes).toBe(4000 / 8 + 1);
		expect(status.naks.slice(0, 2)).toEqual([10, 20]);
	});

	it('does not speak of congestion in a session at a fixed rate', () => {
		const shell = new ShellUnderTest();
		const sender = new ScriptedSender({ blockBytes: BLOCK });
		for (const datagram of [sender.announce(), sender.regConf(), sender.fileInfo({ size: BLOCK })])
			shell.deliver(datagram);
		shell.clear();
		shell.deliver(
			sender.congCtrl({ items: [{ clientId: RECEIVER_ID, flags: CcFlag.CLR | CcFlag.RTT, rttCode: 100 }] }),
		);
		expect(shell.answers).toEqual([]);
		expect(shell.node.expectsMarks).toBe(false);
		expect(shell.node.counters['dropped.wrong-phase']).toBe(1);
	});

	it('drops a CONG_CTRL that is cut off', () => {
		const session = new Session();
		session.blocks(5);
		const whole = session.sender.congCtrl();
		session.shell.deliver(whole.subarray(0, 28));
		expect(session.shell.node.counters['dropped.too-short']).toBe(1);
	});
});
