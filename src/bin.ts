#!/usr/bin/env node
import './inlining.ts';
import module from 'node:module';

// Compiled code is cached between runs: it halves the start-up time.
module.enableCompileCache?.();
const { main } = await import('./cli/main.ts');
process.exitCode = await main(process.argv.slice(2));
