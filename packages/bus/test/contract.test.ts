import { connectBus, MemoryBroker, MemoryBus } from '../src/index.ts';
import { startLoopbackListener } from '../src/loopback/loopback-listener.ts';
import { describeBusContract } from './contract.ts';
import { startNatsServer, withoutPeers } from './nats-server.ts';

describeBusContract('the memory driver', async () => {
	const broker = new MemoryBroker();
	return { connect: async () => new MemoryBus(broker), stop: async () => {} };
});

describeBusContract('the loopback listener through the real NATS client', async () => {
	const listener = await startLoopbackListener(new MemoryBroker());
	return { connect: () => connectBus(listener.url), stop: () => listener.close() };
});

describeBusContract('a memory bus and a client of its loopback listener', async () => {
	const broker = new MemoryBroker();
	const listener = await startLoopbackListener(broker, { token: 'secret' });
	let clients = 0;
	return {
		connect: async () => (++clients % 2 === 1 ? new MemoryBus(broker) : connectBus(listener.url)),
		stop: () => listener.close(),
	};
});

describeBusContract(
	'a nats-server',
	async () => {
		const server = await startNatsServer();
		return { connect: () => connectBus(server.url), stop: () => server.stop() };
	},
	withoutPeers,
);
