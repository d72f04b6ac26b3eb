import { describe, expect, it } from 'vitest';
import { contentOf, GROUP_ID, joined, RECEIVER_ID, ScriptedSender, SENDER, ShellUnderTest } from './scripted-sender.ts';

describe('the end of a session', () => {
	it('is COMPLETE until DONE_CONF', () => {
		const { shell, sender } = joined();
		shell.deliver(sender.fileInfo({ size: 512 }));
		shell.deliver(sender.blockOf(1, contentOf(512), 0, 0));
		shell.clear();
		shell.deliver(sender.done(0, 0, [7]));
		expect(shell.answers).toEqual([]);
		shell.deliver(sender.done(0, 0));
		shell.advance(100);
		// At once, then every 4 * GRTT (42 ms).
		expect(shell.of('complete').map(({ fileId, status }) => [fileId, status])).toEqual([
			[0, 0],
			[0, 0],
			[0, 0],
		]);
		shell.deliver(sender.doneConf([7]));
		expect(shell.node.sessionCount).toBe(1);
		shell.deliver(sender.doneConf());
		expect(shell.eventsOf('sessionEnded')).toMatchObject([
			{ groupId: GROUP_ID, outcome: 'completed', filesReceived: 1, privateGroup: '230.5.5.9' },
		]);
		expect(shell.node.pollTimeout()).toBe(Number.POSITIVE_INFINITY);
		shell.clear();
		shell.advance(1000);
		expect(shell.answers).toEqual([]);
	});

	it('is a good one also when DONE_CONF never comes', () => {
		const { shell, sender } = joined();
		shell.deliver(sender.done(0, 0));
		shell.advance(1001);
		expect(shell.eventsOf('sessionEnded')).toMatchObject([{ outcome: 'completed' }]);
		expect(shell.of('abort')).toEqual([]);
		expect(shell.of('complete').length).toBeGreaterThan(20);
	});

	it('is answered again to a sender that missed it, for a while, and not started again by its ANNOUNCE', () => {
		const { shell, sender } = joined();
		shell.deliver(sender.fileInfo({ size: 512 }));
		shell.deliver(sender.blockOf(1, contentOf(512), 0, 0));
		shell.deliver(sender.done(0, 0));
		shell.deliver(sender.doneConf());
		shell.clear();
		shell.now += 60_000;
		shell.deliver(sender.done(0, 0));
		shell.deliver(sender.done(1, 0));
		shell.deliver(sender.done(9, 0));
		shell.deliver(sender.done(1, 0, [7]));
		shell.deliver(sender.fileInfo({ size: 512 }));
		shell.deliver(sender.announce());
		expect(shell.of('complete').map((complete) => complete.fileId)).toEqual([0, 1, 1]);
		// The sequence goes on where the session stopped: REGISTER, ACK, two COMPLETEs went before.
		expect(shell.of('complete').map((complete) => complete.sequence)).toEqual([4, 5, 6]);
		expect([shell.events, shell.node.sessionCount, shell.answers.length]).toEqual([[], 0, 3]);
		shell.now += 60_001;
		shell.clear();
		shell.deliver(sender.done(0, 0));
		expect(shell.answers).toEqual([]);
	});

	it('comes with an ABORT of the sender, to all or to this receiver', () => {
		for (const host of [0, RECEIVER_ID]) {
			const { shell, sender } = joined();
			shell.deliver(sender.fileInfo({ size: 5000 }));
			shell.deliver(sender.abort('not you', 7));
			expect(shell.node.sessionCount).toBe(1);
			shell.clear();
			shell.deliver(sender.abort('Max passes exceeded', host));
			expect(shell.events.map((event) => event.kind)).toEqual(['fileDiscarded', 'sessionEnded']);
			expect(shell.eventsOf('sessionEnded')).toMatchObject([
				{ outcome: 'aborted', reason: 'The sender aborted: Max passes exceeded' },
			]);
			expect(shell.answers).toEqual([]);
		}
	});

	it('does not come with an ABORT of the current file to a receiver between two files', () => {
		const { shell, sender } = joined();
		shell.deliver(sender.abort('only this file', 0, true));
		expect(shell.node.sessionCount).toBe(1);
		shell.deliver(sender.fileInfo({ size: 5000 }));
		shell.deliver(sender.abort('only this file', 0, true));
		expect(shell.node.sessionCount).toBe(0);
	});

	it('comes with a command, with an ABORT to the sender', () => {
		const shell = new ShellUnderTest();
		for (const groupId of [1, 2, 3]) shell.deliver(new ScriptedSender({ groupId }).announce());
		shell.node.abort(shell.now, 'Shutting down', 2);
		shell.drain();
		expect(shell.of('abort').map(({ groupId, message }) => [groupId, message])).toEqual([[2, 'Shutting down']]);
		shell.node.abort(shell.now, 'Shutting down');
		shell.drain();
		expect(shell.of('abort').map((abort) => abort.groupId)).toEqual([2, 1, 3]);
		expect(shell.eventsOf('sessionEnded').every((event) => event.outcome === 'interrupted')).toBe(true);
		expect(shell.node.sessionCount).toBe(0);
	});
});

describe('a receiver whose sender is silent', () => {
	it('rides out the grace, then says so and may be announced to again', () => {
		const { shell, sender } = joined({ graceMs: 30_000 });
		shell.deliver(sender.fileInfo({ size: 5000 }));
		shell.advance(29_999);
		expect(shell.node.sessionCount).toBe(1);
		shell.clear();
		shell.advance(2);
		expect(shell.of('abort').map((abort) => abort.message)).toEqual(['Transfer timed out']);
		expect(shell.events.map((event) => event.kind)).toEqual(['fileDiscarded', 'sessionEnded']);
		expect(shell.eventsOf('sessionEnded')).toMatchObject([{ outcome: 'timedOut' }]);
		shell.deliver(sender.announce());
		expect(shell.node.sessionCount).toBe(1);
	});

	it('continues with what is missing after 25 s of silence', () => {
		const { shell, sender } = joined();
		const content = contentOf(5000);
		shell.deliver(sender.fileInfo({ size: 5000 }));
		for (const i of [0, 3]) shell.deliver(sender.blockOf(1, content, 0, i));
		shell.advance(25_000);
		sender.sequence = (sender.sequence + 50_000) & 0xffff;
		for (const i of [1, 2, 4, 5, 6, 7, 8, 9]) expect(shell.deliver(sender.blockOf(1, content, 0, i))).toBe(true);
		expect(shell.of('complete').length).toBe(1);
		expect([...shell.contents.values()]).toEqual([content]);
	});

	it('grants the protocol its own time when that is longer than the grace', () => {
		const { shell, sender } = joined({ graceMs: 0 });
		shell.advance(900);
		expect(shell.node.sessionCount).toBe(1);
		sender.grttMs = 500;
		shell.deliver(sender.regConf([7]));
		shell.advance(10_000);
		expect(shell.node.sessionCount).toBe(1);
		shell.advance(1000);
		expect(shell.eventsOf('sessionEnded')).toMatchObject([{ outcome: 'timedOut' }]);
	});

	it('is kept by any packet of the session, blocks of other files too', () => {
		const { shell, sender } = joined({ graceMs: 0 });
		for (let i = 0; i < 10; i++) {
			shell.advance(900);
			shell.deliver(i % 2 === 0 ? sender.block(99, 0, 0, new Uint8Array(512)) : sender.announce());
		}
		expect(shell.node.sessionCount).toBe(1);
		shell.advance(1001);
		expect(shell.node.sessionCount).toBe(0);
	});
});

describe('the GRTT', () => {
	it('rescales running timers when it changes by more than a millisecond', () => {
		const shell = new ShellUnderTest();
		const sender = new ScriptedSender();
		sender.grttMs = 500;
		shell.deliver(sender.announce());
		const slow = shell.node.pollTimeout() - shell.now;
		sender.grttMs = 100;
		shell.deliver(sender.regConf([7]));
		const fast = shell.node.pollTimeout() - shell.now;
		expect(slow / fast).toBeGreaterThan(4.5);
		expect(slow / fast).toBeLessThan(5.5);
	});

	it('that goes up and down does not keep a registration that nobody confirms', () => {
		const shell = new ShellUnderTest();
		const sender = new ScriptedSender();
		for (let i = 0; i < 40; i++) {
			sender.grttMs = i % 2 === 0 ? 1 : 1000;
			shell.deliver(i === 0 ? sender.announce() : sender.regConf([99]));
		}
		// Four times the robust factor of 20 times the largest GRTT, which the wire rounds up.
		shell.advance(95_000);
		expect(shell.eventsOf('sessionEnded')).toMatchObject([{ outcome: 'unconfirmed' }]);
		expect(shell.node.sessionCount).toBe(0);
	});

	it('never makes timers spin', () => {
		const shell = new ShellUnderTest();
		const sender = new ScriptedSender();
		sender.grttMs = 0.001;
		shell.deliver(sender.announce());
		shell.advance(999);
		expect(shell.of('register').length).toBeLessThanOrEqual(250);
	});
});

describe('several sessions at once', () => {
	it('are kept apart, blocks and files with the same ids too', () => {
		const shell = new ShellUnderTest();
		const senders = [1, 2, 3].map(
			(groupId) => new ScriptedSender({ groupId, sourceId: 100 + groupId, blockBytes: 600 }),
		);
		const contents = senders.map((_, i) => contentOf(600 * 20 + i, i));
		senders.forEach((sender, i) => {
			const from = { ...SENDER, port: 50_000 + i };
			shell.deliver(sender.announce(), from);
			shell.deliver(sender.fileInfo({ size: contents[i].length }), from);
		});
		for (let block = 0; block <= 20; block++) {
			senders.forEach((sender, i) => {
				if (block * 600 < contents[i].length) shell.deliver(sender.blockOf(1, contents[i], 0, block));
			});
		}
		expect([...shell.contents.values()]).toEqual(contents);
		expect(shell.of('complete').map(({ groupId, to }) => [groupId, to.port])).toEqual([
			[1, 50_000],
			[2, 50_001],
			[3, 50_002],
		]);
		shell.deliver(senders[1].done(0, 0));
		shell.deliver(senders[1].doneConf());
		expect(shell.eventsOf('sessionEnded').map((event) => event.groupId)).toEqual([2]);
		expect(shell.node.sessionCount).toBe(2);
	});
});
