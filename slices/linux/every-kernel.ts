/**
 * What every kernel has, whichever slices and board are chosen: what static programs take for granted, how it fails, and
 * what protects it. The rest is asked for by the slices and by the board.
 */
import type { Demand, KernelSymbols, Target } from '@cocon-os/engine';

/** What programs find in every Linux. */
function userspace(k: KernelSymbols): readonly Demand[] {
  return [
    k.EXPERT,
    k.MMU,
    k.CC_OPTIMIZE_FOR_SIZE,
    k.HIGH_RES_TIMERS,
    k.NO_HZ_IDLE,
    k.PRINTK,
    k.PRINTK_TIME,
    k.BUG,
    k.BINFMT_ELF,
    k.BINFMT_SCRIPT,
    k.MULTIUSER,
    k.FUTEX,
    k.EPOLL,
    k.SIGNALFD,
    k.TIMERFD,
    k.EVENTFD,
    k.POSIX_TIMERS,
    k.ADVISE_SYSCALLS,
    k.MEMBARRIER,
    k.FHANDLE,
    k.SHMEM,
    k.FILE_LOCKING,
    k.PROC_FS,
    k.SYSFS,
    k.TMPFS,
  ];
}

/** An oops ends the kernel and a panic ends in a reset, for the loader counts on it. The command line may say otherwise. */
function failing(k: KernelSymbols): readonly Demand[] {
  return [k.PANIC_ON_OOPS, k.PANIC_TIMEOUT.is(10)];
}

/** Hardening that costs little. */
function hardening(k: KernelSymbols, target: Target): readonly Demand[] {
  return [
    k.LIST_HARDENED,
    k.STACKPROTECTOR,
    k.STACKPROTECTOR_STRONG,
    k.VMAP_STACK,
    k.HARDENED_USERCOPY,
    k.FORTIFY_SOURCE,
    k.SLAB_FREELIST_RANDOM,
    k.SLAB_FREELIST_HARDENED,
    k.SECCOMP,
    k.SECCOMP_FILTER,
    // 32-bit Arm has no kernel at a random address.
    ...(target === 'armv7'
      ? []
      : [k.RELOCATABLE, k.RANDOMIZE_BASE, k.RANDOMIZE_KSTACK_OFFSET, k.RANDOMIZE_KSTACK_OFFSET_DEFAULT]),
  ];
}

/** An image that the loader starts as an EFI program, packed; with or without an initrd beside it. */
function image(k: KernelSymbols, target: Target): readonly Demand[] {
  const initrd = [k.BLK_DEV_INITRD, k.RD_GZIP, k.RD_ZSTD];
  switch (target) {
    case 'x86_64':
      return [k.EFI, k.EFI_STUB, k.KERNEL_ZSTD, ...initrd];
    case 'aarch64':
    case 'riscv64':
      return [k.EFI, k.EFI_STUB, k.EFI_ZBOOT, k.KERNEL_ZSTD, ...initrd];
    case 'armv7':
      return [k.EFI, k.EFI_STUB, k.KERNEL_GZIP, ...initrd];
  }
}

/** All of the above. */
export function everyKernel(k: KernelSymbols, target: Target): readonly Demand[] {
  return [...userspace(k), ...failing(k), ...hardening(k, target), ...image(k, target)];
}
