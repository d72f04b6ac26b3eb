import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SingleArrival } from '../src/arrival.ts';
import { BitmapBudget, ReceivedBlocks, Taken } from '../src/receiver/files/received-blocks.ts';
import { SectionMap } from '../src/sections.ts';
import { nakBytes } from '../src/shared/nak-bitmap.ts';
import { contentOf, joined, ScriptedSender, SENDER, ShellUnderTest } from './scripted-sender.ts';

/** One of each message that a sender says, in the order of a session. */
function wholeSession(sender: ScriptedSender): [string, Uint8Array][] {
	const content = contentOf(700);
	return [
		['ANNOUNCE', sender.announce()],
		['REG_CONF', sender.regConf()],
		['FILEINFO', sender.fileInfo({ size: 700, name: 'name', link: '' })],
		['FILESEG', sender.blockOf(1, content, 0, 0)],
		['last FILESEG', sender.blockOf(1, content, 0, 1)],
		['DONE', sender.done(1, 0)],
		['DONE of the session', sender.done(0, 0)],
		['DONE_CONF', sender.doneConf()],
		['ABORT', sender.abort('enough')],
	];
}

describe('a hostile network', () => {
	it('may cut every message at every length: nothing throws, nothing malformed has an effect', () => {
		const names = wholeSession(new ScriptedSender()).map(([name]) => name);
		for (let step = 0; step < names.length; step++) {
			const shell = new ShellUnderTest();
			const session = wholeSession(new ScriptedSender());
			for (let i = 0; i < step; i++) shell.deliver(session[i][1]);
			const datagram = session[step][1];
			for (let length = 0; length < datagram.length; length++) {
				const before = JSON.stringify([shell.node.sessionCount, shell.eventsOf('fileComplete').length]);
				// As the driver does: what is too short for a data header is no data.
				shell.deliver(datagram.slice(0, length));
				shell.node.handle(shell.now, new SingleArrival(SENDER, datagram, { length }));
				shell.drain();
				const isAbort = names[step] === 'ABORT';
				const after = JSON.stringify([shell.node.sessionCount, shell.eventsOf('fileComplete').length]);
				if (!isAbort) expect([names[step], length, after]).toEqual([names[step], length, before]);
			}
			shell.advance(100);
		}
	});

	it('may send anything', () => {
		fc.assert(
			fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), fc.nat(8), (junk, step) => {
				const shell = new ShellUnderTest();
				for (const [, datagram] of wholeSession(new ScriptedSender()).slice(0, step)) shell.deliver(datagram);
				for (const bytes of junk) {
					shell.node.handle(shell.now, new SingleArrival(SENDER, bytes));
					shell.drain();
				}
				shell.advance(10);
			}),
		);
	});

	it('may flip any bit of a session: a block is taken only where it fits', () => {
		const length = wholeSession(new ScriptedSender()).reduce((sum, [, datagram]) => sum + datagram.length * 8, 0);
		fc.assert(
			fc.property(fc.integer({ min: 0, max: length - 1 }), (flipped) => {
				const shell = new ShellUnderTest();
				let bit = flipped;
				for (const [, datagram] of wholeSession(new ScriptedSender())) {
					if (bit >= 0 && bit < datagram.length * 8) datagram[bit >> 3] ^= 1 << (bit & 7);
					bit -= datagram.length * 8;
					// Writing past the end of a file would throw here.
					shell.deliver(datagram);
				}
				shell.advance(2000);
			}),
			{ numRuns: 500 },
		);
	});

	it('may lie about sections, blocks and lengths', () => {
		const { shell, sender } = joined();
		shell.deliver(sender.fileInfo({ size: 512 * 10 - 1 }));
		const full = new Uint8Array(512);
		expect(shell.deliver(sender.block(1, 1, 0, full))).toBe(false);
		expect(shell.deliver(sender.block(1, 65_535, 0, full))).toBe(false);
		expect(shell.deliver(sender.block(1, 0, 10, full))).toBe(false);
		expect(shell.deliver(sender.block(1, 0, 65_535, full))).toBe(false);
		expect(shell.deliver(sender.block(1, 0, 0, full.subarray(1)))).toBe(false);
		expect(shell.deliver(sender.block(1, 0, 0, new Uint8Array(513)))).toBe(false);
		// The last block: the exact rest and nothing else.
		expect(shell.deliver(sender.block(1, 0, 9, full))).toBe(false);
		expect(shell.deliver(sender.block(1, 0, 9, full.subarray(2)))).toBe(false);
		expect(shell.node.counters['blocksInvalid']).toBe(8);
		expect(shell.deliver(sender.block(1, 0, 9, full.subarray(1)))).toBe(true);
		const lyingHeader = sender.block(1, 0, 0, full);
		lyingHeader[17] = 3;
		expect(shell.deliver(lyingHeader)).toBe(false);
		expect(shell.deliver(sender.block(2, 0, 0, full))).toBe(false);
		expect(shell.node.counters['blocksUnknown']).toBe(1);
	});

	it('may end a pass at a section that does not exist', () => {
		const { shell, sender } = joined();
		shell.deliver(sender.fileInfo({ size: 5000 }));
		shell.deliver(sender.done(1, 65_535, []));
		shell.advance(100);
		expect(shell.of('status').map((status) => status.section)).toEqual([0]);
	});

	it('may announce 65,535 sections and touch them all: memory stays within the cap, and full ones free theirs', () => {
		const cap = 200_000;
		const size = 65_535 * 4096 * 512;
		const { shell, sender } = joined({ bitmapBytesMax: cap });
		shell.decide = () => undefined;
		shell.deliver(sender.fileInfo({ size }));
		shell.node.fileDecided(shell.now, shell.eventsOf('fileOffered')[0].file.handle, { kind: 'accept', status: 0 });
		shell.drain();
		const payload = new Uint8Array(512);
		const datagram = sender.block(1, 0, 0, payload);
		let taken = 0;
		for (let section = 0; section < 65_535; section++) {
			datagram[20] = section >> 8;
			datagram[21] = section;
			if (shell.node.handle(shell.now, new SingleArrival(SENDER, datagram)) !== undefined) taken++;
		}
		// 65,535 bytes of section states, the rest in bitmaps of 513 bytes.
		expect(taken).toBe(Math.floor((cap - 65_535) / 513));
		expect(shell.node.counters['blocksRefused']).toBe(65_535 - taken);
		for (let block = 1; block < 4096; block++) {
			datagram[20] = 0;
			datagram[21] = 0;
			datagram[22] = block >> 8;
			datagram[23] = block;
			expect(shell.node.handle(shell.now, new SingleArrival(SENDER, datagram))).toBeDefined();
		}
		datagram[20] = 0xff;
		expect(shell.node.handle(shell.now, new SingleArrival(SENDER, datagram))).toBeDefined();
	});

	it('may fill the memory for block maps: the next file is rejected with a reason, and its session goes on', () => {
		const { shell, sender } = joined({ bitmapBytesMax: 70_000 });
		shell.decide = () => ({ kind: 'accept', status: 0 });
		shell.contents.set = () => shell.contents;
		const shellDecides = (fileId: number) => {
			shell.decide = () => undefined;
			shell.deliver(sender.fileInfo({ fileId, name: `f${fileId}`, size: 65_535 * 4096 * 512 }));
			const offered = shell.eventsOf('fileOffered');
			const { handle } = offered[offered.length - 1].file;
			shell.node.fileDecided(shell.now, handle, { kind: 'accept', status: 0 });
			shell.drain();
		};
		shellDecides(1);
		expect(shell.of('complete')).toEqual([]);
		shellDecides(2);
		expect(shell.of('complete')).toMatchObject([{ fileId: 2, status: 3 }]);
		expect(shell.eventsOf('fileEnded')).toMatchObject([
			{ status: 3, reason: expect.stringMatching(/no memory is left/) },
		]);
		expect([shell.of('abort'), shell.node.sessionCount]).toEqual([[], 1]);
	});

	it('may take every place with announcements that nobody stands behind: a real session still gets in', () => {
		const shell = new ShellUnderTest({ sessionsMax: 2 });
		const announce = (groupId: number): Uint8Array => {
			const sender = new ScriptedSender({ groupId });
			// Then a registration may last for hours.
			sender.grttMs = 100_000;
			return sender.announce({ robust: 50 });
		};
		shell.deliver(announce(1));
		shell.deliver(new ScriptedSender({ groupId: 2 }).announce());
		shell.deliver(new ScriptedSender({ groupId: 2 }).regConf());
		shell.deliver(announce(3));
		expect(shell.eventsOf('announceIgnored')).toHaveLength(1);
		shell.advance(6000);
		shell.deliver(announce(4));
		expect(shell.eventsOf('sessionEnded').map(({ groupId, outcome }) => [groupId, outcome])).toEqual([
			[1, 'unconfirmed'],
		]);
		expect(shell.of('register').map(({ groupId }) => groupId)).toContain(4);
		// The one that is under way kept its place.
		expect(shell.node.sessionCount).toBe(2);
	});

	it('may speak in the name of the sender from another host: nothing of it is believed', () => {
		const { shell, sender } = joined();
		const elsewhere = { host: '10.99.0.66', port: SENDER.port };
		shell.deliver(sender.fileInfo({ size: 700, name: 'name', link: '' }), elsewhere);
		shell.deliver(sender.done(0, 0), elsewhere);
		shell.deliver(sender.abort('enough'), elsewhere);
		sender.groupInstance = 1;
		shell.deliver(sender.announce(), elsewhere);
		expect(shell.eventsOf('fileOffered')).toEqual([]);
		expect(shell.of('complete')).toEqual([]);
		expect(shell.node.sessionCount).toBe(1);
		expect(shell.node.counters['dropped.wrong-address']).toBe(4);
		expect(shell.eventsOf('dropped')).toMatchObject([{ reason: 'wrong-address', from: elsewhere }]);
	});

	it('may give an IPv6 sender one more source address, that of the private group, but not a third', () => {
		const shell = new ShellUnderTest();
		const sender = new ScriptedSender();
		const from = (host: string) => ({ host, port: SENDER.port });
		shell.deliver(sender.announce(), from('fe80::1'));
		shell.deliver(sender.regConf(), from('fd99::1'));
		expect(shell.eventsOf('registered')).toHaveLength(1);
		shell.deliver(sender.abort('enough'), from('fd99::66'));
		expect(shell.node.sessionCount).toBe(1);
		shell.deliver(sender.abort('enough'), from('fd99::1'));
		expect(shell.node.sessionCount).toBe(0);
	});

	it('may announce what is refused for ever: the work, the reports and the ABORTs are bounded, the counters have them all', () => {
		const shell = new ShellUnderTest();
		for (let groupId = 1; groupId <= 1000; groupId++) {
			shell.deliver(new ScriptedSender({ groupId }).announce({ privateAddress: '10.1.2.3' }));
			shell.advance(1);
		}
		expect(shell.eventsOf('announceIgnored')).toHaveLength(32);
		expect(shell.of('abort')).toHaveLength(10);
		const { counters } = shell.node;
		// One host is not listened to more often than that in a second, whatever it says.
		expect(counters['dropped.announce-ignored']).toBe(200);
		expect(counters['dropped.too-many-announces']).toBe(800);
		shell.advance(10_000);
		shell.deliver(new ScriptedSender({ groupId: 2000 }).announce({ privateAddress: '10.1.2.3' }));
		expect(shell.eventsOf('announceIgnored').at(-1)).toMatchObject({ groupId: 2000 });
	});

	it('may repeat a malformed datagram for ever: it is counted, and reported once in a while', () => {
		const shell = new ShellUnderTest();
		for (let i = 0; i < 1000; i++) {
			shell.now += 1;
			shell.node.handle(shell.now, new SingleArrival(SENDER, new Uint8Array(10)));
			shell.drain();
		}
		expect(shell.node.counters).toMatchObject({ datagrams: 1000, 'dropped.too-short': 1000 });
		expect(shell.eventsOf('dropped')).toEqual([{ kind: 'dropped', reason: 'too-short', from: SENDER }]);
	});
});

describe('ReceivedBlocks', () => {
	it('agrees with a set of blocks, and gives back every byte that it took', () => {
		const size = 512 * 12_345 - 7;
		const map = SectionMap.of(size, 512) as SectionMap;
		fc.assert(
			fc.property(fc.array(fc.nat(map.blocks - 1), { maxLength: 300 }), (blocks) => {
				const budget = new BitmapBudget(1e6);
				const ledger = ReceivedBlocks.open(map, budget) as ReceivedBlocks;
				const seen = new Set<number>();
				for (const block of blocks) {
					const section = map.sectionOf(block);
					const taken = ledger.take(section, block - map.firstBlock(section));
					expect(taken).toBe(seen.has(block) ? Taken.Duplicate : Taken.New);
					seen.add(block);
				}
				expect(ledger.missingBlocks).toBe(map.blocks - seen.size);
				let missing = 0;
				const bitmap = new Uint8Array(600);
				for (let section = 0; section < map.sections; section++) {
					missing += ledger.writeNaks(section, bitmap.fill(0xff), 1);
					expect(bitmap[1 + nakBytes(map.blocksIn(section))]).toBe(0xff);
				}
				expect(missing).toBe(ledger.missingBlocks);
				ledger.close();
				expect(budget.usedBytes).toBe(0);
				expect(ledger.writeNaks(0, bitmap, 0)).toBe(0);
			}),
		);
	});

	it('may know the ids of a session: a block from another host than the sender is refused', () => {
		const { shell, sender } = joined();
		const content = contentOf(1024);
		shell.deliver(sender.fileInfo({ size: 1024 }));
		const elsewhere = { host: '10.99.0.66', port: SENDER.port };
		expect(shell.deliver(sender.blockOf(1, content, 0, 0), elsewhere)).toBe(false);
		expect(shell.node.counters['dropped.wrong-address']).toBe(1);
		// From another port it is the sender's all the same, as over a NAT.
		expect(shell.deliver(sender.blockOf(1, content, 0, 0), { host: SENDER.host, port: 1 })).toBe(true);
		expect(shell.deliver(sender.blockOf(1, content, 0, 1))).toBe(true);
		expect(shell.eventsOf('fileEnded')).toHaveLength(1);
	});

	it('may have IPv6: blocks and control messages agree on the one other address that a sender may have', () => {
		const shell = new ShellUnderTest();
		const sender = new ScriptedSender();
		const [announcer, global, third] = ['fe80::1', 'fd00::1', 'fd00::2'].map((host) => ({ host, port: 40_000 }));
		const addresses = { family: 6, publicAddress: 'ff15::1', privateAddress: 'ff15::2' } as const;
		shell.deliver(sender.announce(addresses), announcer);
		shell.deliver(sender.regConf(), global);
		shell.deliver(sender.fileInfo({ size: 512 }), global);
		expect(shell.deliver(sender.blockOf(1, contentOf(512), 0, 0), third)).toBe(false);
		expect(shell.deliver(sender.blockOf(1, contentOf(512), 0, 0), global)).toBe(true);
	});
});
