/** ^C once asks to stop, twice ends the command; npm's echo of the first one is no second one. */
import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';

const MODULE = new URL('../../dist/cli/interruption.js', import.meta.url).href;

/** Says when it was asked to stop, then goes on for two seconds, as one that has much to write does. */
const SLOW = `
  const { Interruption } = await import(${JSON.stringify(MODULE)});
  const interruption = new Interruption();
  interruption.onEnd(() => console.log('tidied'));
  interruption.onEnd(() => console.log('taken back'))();
  setInterval(() => {}, 1000);
  interruption.signal.addEventListener('abort', () => {
    console.log('asked');
    setTimeout(() => { console.log('written'); process.exit(0); }, 2000);
  });
  console.log('ready');
`;

/** Sends ^C when the process is ready, and again after `gaps`, ms. */
const ended = async (gaps: readonly number[]): Promise<{ status: number | null; said: string[] }> => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SLOW]);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (chunk.includes('ready')) {
      child.kill('SIGINT');
      for (const gap of gaps) setTimeout(() => child.kill('SIGINT'), gap);
    }
    text += chunk;
  });
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { status, said: text.trim().split('\n').slice(1) };
};

describe('^C', () => {
  test('once lets the work be finished', async () => {
    expect(await ended([])).toEqual({ status: 0, said: ['asked', 'written'] });
  });

  test('twice ends it at once with 130, after what must be tidied', async () => {
    expect(await ended([700])).toEqual({ status: 130, said: ['asked', 'tidied'] });
  });

  test('that npm passes on a second time counts once', async () => {
    expect(await ended([20])).toEqual({ status: 0, said: ['asked', 'written'] });
  });
});
