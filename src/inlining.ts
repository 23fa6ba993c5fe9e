/**
 * How much V8 may inline into one function; imported first by whoever runs trials, before anything is optimised. A
 * simulated packet passes through some fifty small methods: inlined, they neither call nor box the times they hand on.
 * Twice V8's own limit: more gains some percent in long trials, but costs short ones more to compile than they save.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--max-inlined-bytecode-size-cumulative=2000');
