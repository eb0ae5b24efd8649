/**
 * The reader and the explanations against the kernel's own Kconfig: what `make allnoconfig` of the pinned source writes is held
 * against the model.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { programEnvironment } from '@cocon-os/cli/host-program';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { linuxTree } from '../../slices/linux/tree.ts';
import { cacheDirectory } from '../src/cache-directory.ts';
import { REPOSITORY } from '../src/define/location.ts';
import { evaluate } from '../src/graph/evaluate.ts';
import { loadBoard, loadProfile } from '../src/graph/load.ts';
import { Explainer } from '../src/kconfig/explain.ts';
import { fragmentOf, mergeDemands } from '../src/kconfig/merge.ts';
import type { KconfigModel, SymbolType } from '../src/kconfig/model.ts';
import { proveDemands, proveFacts } from '../src/kconfig/prove.ts';
import { kernelSymbols as k, type Demand } from '../src/kconfig/symbols.ts';
import { KERNEL_ARCHITECTURES, readKconfigTree, readKconfigTrees } from '../src/kconfig/tree.ts';
import { lostText, whyText } from '../src/kconfig/why-text.ts';
import { runProcess } from '../src/run-process.ts';
import { fetchSource } from '../src/sources/fetch-source.ts';
import { codeOf } from './support.ts';

/** What `make allnoconfig` needs of the source. */
const NEEDED = ['*/Kconfig*', '*/Makefile*', '*/scripts/*'];

/** A kernel for a virtual machine that updates itself and runs containers. */
const DEVICE: readonly Demand[] = [
  [k['64BIT'], k.EXPERT, k.SMP, k.NR_CPUS.is(64), k.EFI, k.EFI_STUB, k.ACPI, k.PCI, k.PCI_MSI, k.TTY],
  [k.SERIAL_8250, k.SERIAL_8250_CONSOLE, k.SERIAL_8250_NR_UARTS.is(4), k.PRINTK, k.BLOCK, k.BLK_DEV, k.ATA],
  [k.PARTITION_ADVANCED, k.EFI_PARTITION, k.VIRTIO_MENU, k.VIRTIO_PCI, k.VIRTIO_BLK, k.VIRTIO_NET, k.NET],
  [k.NETDEVICES, k.NET_CORE, k.INET, k.UNIX, k.PACKET, k.KERNEL_ZSTD, k.MISC_FILESYSTEMS, k.EROFS_FS],
  [k.EROFS_FS_ZIP, k.EROFS_FS_ZIP_ZSTD, k.EXT4_FS, k.PROC_FS, k.SYSFS, k.TMPFS, k.SHMEM, k.CGROUPS, k.MEMCG],
  [k.NAMESPACES, k.PID_NS, k.SECCOMP, k.SECCOMP_FILTER, k.OVERLAY_FS, k.MULTIUSER, k.FUTEX, k.EPOLL],
  [k.PANIC_TIMEOUT.is(10), k.MD, k.BLK_DEV_DM, k.DM_VERITY, k.MODULES.off()],
].flat();

let tree = '';

beforeAll(async () => {
  const source = linuxTree();
  tree = await mkdtemp(join(tmpdir(), 'cocon-kconfig-'));
  const archive = (await fetchSource(source, cacheDirectory())).get(source.upstream.name) ?? '';
  const options = ['-C', tree, '--strip-components=1', '--wildcards', ...NEEDED];
  expect(await runProcess('tar', ['-xf', archive, ...options])).toMatchObject({ status: 0 });
});

afterAll(() => rm(tree, { recursive: true, force: true }));

/** The `.config` that comes of demands. Without a cross compiler it is another one's, but has the architecture's symbols. */
async function configured(demands: readonly Demand[], architecture = 'x86'): Promise<string> {
  const fragment = join(tree, 'fragment');
  await writeFile(fragment, fragmentOf(demands));
  const environment = programEnvironment({ KCONFIG_ALLCONFIG: fragment });
  const args = ['-s', '-C', tree, `ARCH=${architecture}`, 'allnoconfig'];
  expect(await runProcess('make', args, { environment })).toMatchObject({ status: 0 });
  return readFile(join(tree, '.config'), 'utf8');
}

function model(): KconfigModel {
  return readKconfigTree(tree, 'x86');
}

/** The types that a line of `.config` can have come from. */
function typesOf(value: string | undefined): readonly SymbolType[] {
  if (value === undefined || value === 'y' || value === 'm') return ['bool', 'tristate'];
  if (value.startsWith('"')) return ['string'];
  // A default such as "default 0" stands there without its prefix.
  return value.startsWith('0x') ? ['hex'] : ['int', 'hex'];
}

describe('the model of Linux', () => {
  it('reads every architecture of devices', () => {
    for (const { architecture, symbols, choices, modules } of readKconfigTrees(tree, KERNEL_ARCHITECTURES)) {
      expect([architecture, symbols.length > 17_000, choices.length > 70, modules]).toEqual([
        architecture,
        true,
        true,
        'MODULES',
      ]);
      expect(symbols.filter(({ type }) => type === 'unknown')).toEqual([]);
    }
  });

  it.each(KERNEL_ARCHITECTURES)(
    'has every symbol that Kconfig writes for %s, with its type',
    async (architecture) => {
      const { symbols } = readKconfigTree(tree, architecture);
      const types = new Map(symbols.map(({ name, type }) => [name, type]));
      const config = await configured([k.TTY, k.NET, k.BLOCK, k.MODULES, k.SMP, k.EXPERT], architecture);
      const lines = [...config.matchAll(/^(?:CONFIG_(\w+)=(.*)|# CONFIG_(\w+) is not set)$/gm)];
      const wrong = lines.flatMap(([, on, value, off]) => {
        const type = types.get(on ?? off ?? '');
        return type !== undefined && typesOf(value).includes(type) ? [] : [on ?? off];
      });
      expect(lines.length).toBeGreaterThan(500);
      expect(wrong).toEqual([]);
    },
  );

  it.each(['embedded', 'cloud'])('explains each of its symbols under the profile %s', async (name) => {
    const { demands } = await evaluate({
      profile: await loadProfile(name, REPOSITORY),
      board: await loadBoard('pc', REPOSITORY),
    });
    const explainer = new Explainer(model(), await configured(demands), demands);
    expect(explainer.lost().map(lostText)).toEqual([]);
    // On: a demand, a select, a choice or a default. Off: what it lacks.
    const gaps = model().symbols.filter((symbol) =>
      explainer.why(symbol.name).reasons.some(({ kind }) => kind === 'unexplained'),
    );
    expect(gaps.map((symbol) => symbol.name)).toEqual([]);
    expect(whyText(explainer.why('JBD2'))).toMatch(
      /^JBD2=y.*\n {2}selected by EXT4_FS \(fs\/ext4\/Kconfig:\d+\) <- asked for by base-files/,
    );
  });
});

describe('proofs of the real kernel', () => {
  const planted = mergeDemands([
    { name: 'device', demands: DEVICE.filter(({ symbol }) => symbol !== 'KERNEL_ZSTD') },
    { name: 'board pc', demands: [k.KERNEL_ZSTD] },
    {
      name: 'app',
      demands: [
        k.USB_STORAGE,
        k.KERNEL_XZ,
        k.CFI_CLANG,
        k.CRC32.off(),
        k.LOG_BUF_SHIFT.is(99),
        { symbol: 'EROFS_FFS', value: 'y' },
      ],
    },
  ]);

  it('say of each lost demand what stands in its way', async () => {
    const config = await configured(planted);
    const prove = () => proveDemands(config, planted, model);
    expect(codeOf(prove)).toBe('KERNEL_DEMAND_LOST');
    for (const said of [
      // Two levels: USB needs USB_SUPPORT.
      /USB_STORAGE=y, asked for by app: it is off\n {4}depends on USB_SUPPORT \(\S+\), which nobody asks for\n {4}depends on USB \(\S+\), which nobody asks for/,
      /KERNEL_XZ=y, asked for by app: it is off\n {4}the choice "Kernel compression mode" \(\S+\) is KERNEL_ZSTD, asked for by board pc/,
      /EROFS_FFS=y, asked for by app: this kernel has no such symbol\n {4}near to it: EROFS_FS/,
      /CRC32=n, asked for by app: it is y\n(?: {4}selected by .*\n)* {4}selected by EFI_PARTITION \(\S+\) <- asked for by device/,
      /LOG_BUF_SHIFT=99, asked for by app: it is 25\n {4}its range is 12 to 25/,
      /CFI_CLANG=y, asked for by app: it is off\n {4}the toolchain decides \$\(cc-option,-fsanitize=kcfi\)/,
      /Cannot configure the kernel: 6 of \d+ demands are not met/,
    ]) {
      expect(prove).toThrow(said);
    }
  });

  it('find a fact that a select made wrong', async () => {
    const config = await configured(DEVICE);
    const demands = mergeDemands([{ name: 'device', demands: DEVICE }]);
    const facts = [
      { symbol: 'IPV6', value: false, readBy: 'app' },
      { symbol: 'EROFS_FS', value: true, readBy: 'app' },
      { symbol: 'ZSTD_DECOMPRESS', value: false, readBy: 'app' },
    ];
    const prove = () => proveFacts(config, facts, demands, model);
    expect(codeOf(prove)).toBe('KERNEL_FACT_WRONG');
    expect(prove).toThrow(
      /1 of 3 .*\n {2}app was told that ZSTD_DECOMPRESS is off, but it is on\n {4}selected by EROFS_FS_ZIP_ZSTD \(\S+\) <- asked for by device/,
    );
  });
});
