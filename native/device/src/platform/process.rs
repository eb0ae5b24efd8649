//! Child processes with a time limit.
//!
//! A child leads its own process group, so a limit ends what it started as well. The child's end is what counts: a
//! service that it leaves behind with the pipe still open is not waited for.

use core::time::Duration;
use std::collections::VecDeque;
use std::io::{self, PipeReader, Read};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use super::Failure;
use super::failure::reason;

/// How much of a child's output is kept.
const OUTPUT_KEPT: usize = 4096;

/// As many pieces as a pipe holds. A child that never stops writing must not keep its watcher from the clock.
const PIECES_AT_ONCE: usize = 16;

/// How a child ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Exit status; `None` when a signal or the time limit ended it.
    pub status: Option<i32>,
    /// Number of the signal that ended it; `None` also when the time limit did.
    pub signal: Option<i32>,
    /// Whether the time limit ended it.
    pub timed_out: bool,
    /// The last 4 KiB of both its streams, in the order of writing.
    pub output: String,
}

/// Runs `program` to its end, standard input empty. Fails with `RUN_FAILED` when it cannot be started or watched.
pub fn run(program: &str, arguments: &[String], limit: Duration) -> Result<Ending, Failure> {
    let failed = |error: io::Error| {
        Failure::new(
            "RUN_FAILED",
            format!("Cannot run {program}: {}", reason(&error)),
        )
    };
    let deadline = Instant::now() + limit;
    let (reader, writer) = io::pipe().map_err(failed)?;
    // The command holds the writing ends; they are closed here as soon as it is dropped.
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(writer.try_clone().map_err(failed)?)
        .stderr(writer)
        .process_group(0)
        .spawn()
        .map_err(failed)?;
    let watched = watch(&child, reader, deadline);
    let timed_out = !matches!(watched, Ok((_, true)));
    if timed_out && let Some(group) = pid(&child) {
        // It may have ended by itself in the meantime.
        kill_process_group(group, Signal::KILL).unwrap_or_default();
    }
    let status = child.wait().map_err(failed)?;
    let (output, _) = watched.map_err(failed)?;
    let (status, signal) = if timed_out {
        (None, None)
    } else {
        (status.code(), status.signal())
    };
    Ok(Ending {
        status,
        signal,
        timed_out,
        output: String::from_utf8_lossy(&output).into_owned(),
    })
}

/// Collects output until the child ends (true) or the deadline has passed (false).
fn watch(child: &Child, mut reader: PipeReader, deadline: Instant) -> io::Result<(Vec<u8>, bool)> {
    let process = pidfd_open(pid(child).ok_or(Errno::SRCH)?, PidfdFlags::empty())?;
    fcntl_setfl(&reader, fcntl_getfl(&reader)? | OFlags::NONBLOCK)?;
    let mut output = VecDeque::with_capacity(OUTPUT_KEPT);
    let mut open = true;
    loop {
        let ended = {
            let mut awaited = vec![PollFd::new(&process, PollFlags::IN)];
            if open {
                awaited.push(PollFd::from_borrowed_fd(reader.as_fd(), PollFlags::IN));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let left = Timespec::try_from(left).map_err(io::Error::other)?;
            match poll(&mut awaited, Some(&left)) {
                Err(Errno::INTR) => continue,
                other => other?,
            };
            awaited[0].revents().contains(PollFlags::IN)
        };
        // Read after the look at the child: what it wrote before it ended is in the pipe by now.
        open = open && drain(&mut reader, &mut output)?;
        if ended || Instant::now() >= deadline {
            return Ok((output.into(), ended));
        }
    }
}

/// Takes what the pipe holds, a full one at most; whether more may come.
fn drain(reader: &mut PipeReader, output: &mut VecDeque<u8>) -> io::Result<bool> {
    let mut piece = [0; OUTPUT_KEPT];
    for _ in 0..PIECES_AT_ONCE {
        match reader.read(&mut piece) {
            Ok(0) => return Ok(false),
            Ok(length) => {
                output.extend(&piece[..length]);
                output.drain(..output.len().saturating_sub(OUTPUT_KEPT));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

fn pid(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()).ok()?)
}
