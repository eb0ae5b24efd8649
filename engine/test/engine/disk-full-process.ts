/** `disk-full-process.ts <directory> <words>`: what is said of a failed step with those words, if it means that the disk is full. */
import { diskFull, isDiskFull } from '../../src/engine/disk-full.ts';

const [directory = '', words = ''] = process.argv.slice(2);
const failure = new Error(words);
if (await isDiskFull(failure, directory)) {
  process.stdout.write((await diskFull('build', directory, failure)).message);
}
