/**
 * The system calls that a container may make: a list of what programs need, by purpose. What is not on it does not
 * exist for the container (ENOSYS), so that a C library that tries a newer call falls back to an older one. What an administrator
 * would need, and a program might believe to have, is refused like on any machine to a plain user (EPERM).
 */
import type { Seccomp, SeccompRule } from './runtime-spec.ts';

const EPERM = 1;
const ENOSYS = 38;

/** Reading, writing and arranging files. */
const FILES = `
  access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64
  fadvise64_64 arm_fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync
  fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64
  futimesat getcwd getdents getdents64 getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioctl lchown
  lchown32 lgetxattr link linkat listxattr llistxattr _llseek lremovexattr lseek lsetxattr lstat lstat64 mkdir mkdirat mknod
  mknodat newfstatat open openat openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink
  readlinkat readv removexattr rename renameat renameat2 rmdir sendfile sendfile64 setxattr splice stat stat64 statfs
  statfs64 statx symlink symlinkat sync sync_file_range sync_file_range2 arm_sync_file_range syncfs tee truncate truncate64
  umask unlink unlinkat utime utimensat utimensat_time64 utimes vmsplice write writev cachestat
`;

/** Memory. */
const MEMORY = `
  brk get_mempolicy madvise mbind membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2 mprotect
  mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect process_madvise process_mrelease
  set_mempolicy set_mempolicy_home_node map_shadow_stack
`;

/** Processes, threads and their signals. */
const PROCESSES = `
  execve execveat exit exit_group fork futex futex_time64 futex_requeue futex_wait futex_waitv futex_wake getpgid getpgrp
  getpid getppid getpriority getrlimit getrusage getsid gettid get_robust_list get_thread_area ugetrlimit kill pause
  pidfd_getfd pidfd_open pidfd_send_signal prctl arch_prctl prlimit64 restart_syscall rseq rt_sigaction rt_sigpending
  rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo
  sched_getaffinity sched_getattr sched_getparam sched_get_priority_max sched_get_priority_min sched_getscheduler
  sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler
  sched_yield set_robust_list set_thread_area set_tid_address set_tls setpgid setpriority setrlimit setsid sigaltstack
  signalfd signalfd4 sigpending sigprocmask sigreturn sigsuspend tgkill tkill vfork wait4 waitid waitpid
  ioprio_get ioprio_set
`;

/** Who a process is, as far as its capabilities allow a change. */
const IDENTITY = `
  capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32 getresuid
  getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setregid
  setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32 seccomp
  landlock_add_rule landlock_create_ruleset landlock_restrict_self
`;

/** Time; setting the clock is not among it. */
const TIME = `
  alarm clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer
  gettimeofday nanosleep setitimer time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64
  timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times
`;

/** Waiting for many things at once, and pipes. */
const EVENTS = `
  epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2
  io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit pipe pipe2 poll ppoll ppoll_time64
  pselect6 pselect6_time64 select _newselect
`;

/** Connections, and messages between processes of the container. */
const COMMUNICATION = `
  accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64 recvmsg send
  sendmmsg sendmsg sendto setsockopt shutdown socketpair mq_getsetattr mq_notify mq_open mq_timedreceive
  mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop
  semtimedop semtimedop_time64 shmat shmctl shmdt shmget
`;

/** The machine, as everyone may know it. */
const SYSTEM = `
  getcpu getrandom sysinfo uname arm_fadvise64_64 cacheflush breakpoint riscv_flush_icache riscv_hwprobe
`;

/** Mounts, namespaces, keys, modules, clocks, other processes' memory, and the ways around a filter. */
const REFUSED = `
  acct add_key adjtimex bpf chroot clock_adjtime clock_adjtime64 clock_settime clock_settime64 create_module delete_module
  fanotify_init fanotify_mark finit_module fsconfig fsmount fsopen fspick get_kernel_syms init_module io_uring_enter
  io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie migrate_pages mount
  mount_setattr move_mount move_pages name_to_handle_at nfsservctl open_by_handle_at open_tree perf_event_open pivot_root
  process_vm_readv process_vm_writev ptrace query_module quotactl quotactl_fd reboot request_key setdomainname sethostname
  setns settimeofday stime swapoff swapon syslog _sysctl sysfs umount umount2 unshare uselib userfaultfd ustat vhangup vm86
  vm86old
`;

/** Every CLONE_NEW* flag of linux/sched.h that clone(2) takes: new namespaces, of which CLONE_NEWTIME is not one. */
const CLONE_NAMESPACES = 0x7e02_0000;

/** AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK. Others reach past the container (vsock) or into seldom used kernel code. */
const ADDRESS_FAMILIES = [1, 2, 10, 16];

/** What personality(2) may be set to: Linux, with or without UNAME26 and 32-bit answers of uname; all ones asks only. */
const PERSONALITIES = [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];

/** By OCI's word for the processor, its own calls. Those of its 32-bit predecessors end the process. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  amd64: 'SCMP_ARCH_X86_64',
  arm64: 'SCMP_ARCH_AARCH64',
  riscv64: 'SCMP_ARCH_RISCV64',
  arm: 'SCMP_ARCH_ARM',
};

const ALLOWED = [FILES, MEMORY, PROCESSES, IDENTITY, TIME, EVENTS, COMMUNICATION, SYSTEM].join(' ');

/** The profile for a processor. */
export function seccompFor(architecture: string): Seccomp {
  const own = ARCHITECTURES[architecture];
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: ENOSYS,
    architectures: own === undefined ? [] : [own],
    syscalls: [
      { names: namesIn(ALLOWED), action: 'SCMP_ACT_ALLOW' },
      { names: namesIn(REFUSED), action: 'SCMP_ACT_ERRNO', errnoRet: EPERM },
      {
        names: ['clone'],
        action: 'SCMP_ACT_ALLOW',
        args: [{ index: 0, value: CLONE_NAMESPACES, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
      },
      // Its flags are in memory, where no filter can look; C libraries then take clone.
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
      ...ADDRESS_FAMILIES.map((value) => allowedWhen('socket', value)),
      ...PERSONALITIES.map((value) => allowedWhen('personality', value)),
    ],
  };
}

/** Several rules for one call are alternatives. */
function allowedWhen(name: string, firstArgument: number): SeccompRule {
  return {
    names: [name],
    action: 'SCMP_ACT_ALLOW',
    args: [{ index: 0, value: firstArgument, op: 'SCMP_CMP_EQ' }],
  };
}

function namesIn(text: string): readonly string[] {
  return [...new Set(text.trim().split(/\s+/))].toSorted();
}
