//! Child processes: how they end, what is kept of their output, and what the time limit takes with it.

use core::time::Duration;
use std::fs;
use std::time::Instant;

use cocon_device::platform::process::run;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);

fn shell(script: &str, limit: Duration) -> cocon_device::platform::process::Ending {
    run("/bin/sh", &["-c".to_owned(), script.to_owned()], limit).unwrap()
}

#[test]
fn run_returns_status_and_both_streams_in_order() {
    let ending = shell("echo one; echo two >&2; echo three; exit 7", LONG);
    assert_eq!((ending.status, ending.timed_out), (Some(7), false));
    assert_eq!(ending.output, "one\ntwo\nthree\n");
}

#[test]
fn run_keeps_the_last_4_kib() {
    let ending = shell("head -c 300000 /dev/zero | tr '\\0' x; printf end", LONG);
    assert_eq!(ending.output.len(), 4096);
    assert!(ending.output.ends_with("xxxend"));
}

#[test]
fn run_gives_no_status_for_a_signal() {
    let ending = shell("kill -9 $$", LONG);
    assert_eq!(
        (ending.status, ending.signal, ending.timed_out),
        (None, Some(9), false)
    );
}

#[test]
fn run_gives_an_empty_standard_input() {
    assert_eq!(shell("cat; echo done", LONG).output, "done\n");
}

#[test]
fn run_ends_the_whole_group_at_the_limit() {
    let marker = std::env::temp_dir().join(format!("cocon-device-group-{}", std::process::id()));
    let script = format!("echo begun; (sleep 2; touch {}) & wait", marker.display());
    let ending = shell(&script, SHORT);
    assert_eq!(
        (ending.status, ending.timed_out, ending.output.as_str()),
        (None, true, "begun\n")
    );
    std::thread::sleep(Duration::from_secs(3));
    assert!(!fs::exists(&marker).unwrap(), "the grandchild went on");
}

#[test]
fn run_watches_the_clock_while_a_child_never_stops_writing() {
    assert!(shell("while :; do echo again; done", SHORT).timed_out);
}

#[test]
fn run_does_not_wait_for_what_a_child_leaves_behind() {
    let began = Instant::now();
    let ending = shell("sleep 30 & echo left", LONG);
    assert_eq!((ending.status, ending.output.as_str()), (Some(0), "left\n"));
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[test]
fn run_fails_when_there_is_no_such_program() {
    let failure = run("/nonexistent/program", &[], LONG).unwrap_err();
    assert_eq!(failure.code, "RUN_FAILED");
    assert_eq!(
        failure.message,
        "Cannot run /nonexistent/program: No such file or directory"
    );
}
