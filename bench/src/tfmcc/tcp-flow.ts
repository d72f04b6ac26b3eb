import { connect, createServer } from 'node:net';

/** One endless TCP flow: `tcp-flow.ts sink PORT` takes what `tcp-flow.ts source HOST PORT` sends until it is ended. */
const [role, ...words] = process.argv.slice(2);
const CHUNK = Buffer.alloc(65_536, 0x55);

if (role === 'sink') {
	createServer((socket) => socket.on('error', () => socket.destroy()).resume()).listen(Number(words[0]), () =>
		console.log('listening'),
	);
} else if (role === 'source') {
	const socket = connect(Number(words[1]), words[0] ?? '');
	const fill = (): void => {
		while (socket.write(CHUNK));
	};
	socket.on('connect', fill);
	socket.on('drain', fill);
	socket.on('error', (error) => {
		console.error(`the TCP flow broke off: ${error.message}`);
		process.exit(1);
	});
}
