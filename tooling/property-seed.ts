import { configureGlobal } from 'fast-check';

// Every property of a run draws from one seed, which the run prints at its end, so that any failure can be repeated.
configureGlobal({ seed: Number(process.env.UFTP_TEST_SEED) });
