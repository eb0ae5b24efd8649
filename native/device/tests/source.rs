//! Sources: files, pipes, and HTTP servers good and bad.

mod support;

use core::time::Duration;
use std::fs;

use cocon_device::platform::Failure;
use cocon_device::platform::source::Source;
use support::{serve, serve_and_hold};

/// All of a source, in pieces of `piece` bytes.
fn read_all(source: &mut Source, piece: usize) -> Result<Vec<u8>, Failure> {
    let mut all = Vec::new();
    let mut buffer = vec![0; piece];
    loop {
        match source.read(&mut buffer)? {
            0 => return Ok(all),
            length => all.extend_from_slice(&buffer[..length]),
        }
    }
}

/// Opens what a server answers with `answer`, whatever it is asked.
fn fetch(answer: &str) -> Result<Source, Failure> {
    let answer = answer.to_owned();
    let address = serve(move |_| answer.clone().into_bytes());
    Source::open(&format!("http://{address}/image.oci"))
}

fn code<T>(result: Result<T, Failure>) -> &'static str {
    result.map(drop).unwrap_err().code
}

#[test]
fn a_file_has_its_size_and_ranges() {
    let whole = fs::read("Cargo.toml").unwrap();
    let mut source = Source::open("Cargo.toml").unwrap();
    assert_eq!(source.size(), Some(whole.len() as u64));
    let mut range = [0; 5];
    source.read_at(3, &mut range).unwrap();
    assert_eq!(range, whole[3..8]);
    assert_eq!(read_all(&mut source, 7).unwrap(), whole);
    assert_eq!(
        code(source.read_at(whole.len() as u64 - 4, &mut range)),
        "SOURCE_SHORT"
    );
}

#[test]
fn a_file_cut_after_opening_is_short() {
    let path = std::env::temp_dir().join(format!("cocon-device-cut-{}", std::process::id()));
    fs::write(&path, [1; 100]).unwrap();
    let mut source = Source::open(path.to_str().unwrap()).unwrap();
    fs::write(&path, [1; 60]).unwrap();
    let failure = read_all(&mut source, 50).unwrap_err();
    fs::remove_file(&path).unwrap();
    assert_eq!(failure.code, "SOURCE_SHORT");
    assert!(
        failure.message.ends_with("it ended after 60 bytes of 100"),
        "{}",
        failure.message
    );
}

#[test]
fn what_is_no_regular_file_comes_in_order_only() {
    let mut source = Source::open("/dev/null").unwrap();
    assert_eq!((source.size(), source.has_ranges()), (None, false));
    assert_eq!(code(source.read_at(0, &mut [0])), "SOURCE_IO");
    assert_eq!(read_all(&mut source, 10).unwrap(), b"");
}

#[test]
fn open_tells_what_is_wrong_with_a_location() {
    assert_eq!(code(Source::open("/nonexistent")), "SOURCE_NOT_FOUND");
    assert_eq!(code(Source::open("/tmp")), "SOURCE_IO");
    assert_eq!(
        code(Source::open("https://example.org/image.oci")),
        "SOURCE_UNSUPPORTED"
    );
    assert_eq!(
        code(Source::open("ftp://example.org/image.oci")),
        "SOURCE_UNSUPPORTED"
    );
    assert_eq!(code(Source::open("http://")), "SOURCE_UNSUPPORTED");
    assert_eq!(
        code(Source::open("http://nowhere.invalid/image.oci")),
        "SOURCE_UNREACHABLE"
    );
    // Port 1 is not in use; nothing has listened there since the seventies.
    assert_eq!(
        code(Source::open("http://127.0.0.1:1/image.oci")),
        "SOURCE_UNREACHABLE"
    );
}

#[test]
fn http_with_a_length() {
    let mut source = fetch("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").unwrap();
    assert_eq!((source.size(), source.has_ranges()), (Some(5), false));
    assert_eq!(read_all(&mut source, 3).unwrap(), b"hello");
}

#[test]
fn http_in_chunks() {
    let answer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
    let mut source = fetch(answer).unwrap();
    assert_eq!(source.size(), None);
    assert_eq!(read_all(&mut source, 100).unwrap(), b"hello");
}

#[test]
fn http_that_ends_early_is_short() {
    let mut source = fetch("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello").unwrap();
    assert_eq!(code(read_all(&mut source, 100)), "SOURCE_SHORT");
    let mut source =
        fetch("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel").unwrap();
    assert_eq!(code(read_all(&mut source, 100)), "SOURCE_SHORT");
}

#[test]
fn http_that_falls_silent_is_short_and_says_so() {
    let silence = Duration::from_millis(500);
    for (framing, end) in [
        ("Content-Length: 9\r\n\r\nhello", "5 bytes of 9"),
        (
            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "5 bytes",
        ),
    ] {
        let address = serve_and_hold(format!("HTTP/1.1 200 OK\r\n{framing}").into_bytes());
        let mut source = Source::open_with(&format!("http://{address}/"), silence).unwrap();
        let failure = read_all(&mut source, 100).unwrap_err();
        assert_eq!(failure.code, "SOURCE_SHORT");
        let end = format!("nothing came for 0.5 s after {end}");
        assert!(failure.message.ends_with(&end), "{}", failure.message);
    }
    let address = serve_and_hold(Vec::new());
    let url = format!("http://{address}/");
    assert_eq!(code(Source::open_with(&url, silence)), "SOURCE_UNREACHABLE");
}

#[test]
fn http_that_breaks_its_framing_is_an_error() {
    let mut source = fetch("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").unwrap();
    assert_eq!(code(read_all(&mut source, 100)), "SOURCE_IO");
}

#[test]
fn http_that_is_none_is_an_error() {
    assert_eq!(code(fetch("SSH-2.0-OpenSSH_9.2\r\n\r\n")), "SOURCE_IO");
}

#[test]
fn http_takes_no_other_status() {
    for status in [
        "404 Not Found",
        "500 Internal Server Error",
        "204 No Content",
        "206 Partial Content",
    ] {
        let failure = fetch(&format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"))
            .map(drop)
            .unwrap_err();
        assert_eq!(failure.code, "SOURCE_STATUS");
        assert!(failure.message.ends_with(status), "{}", failure.message);
    }
}

#[test]
fn http_follows_a_redirect_but_not_for_ever() {
    let address = serve(|head| {
        let answer = if head.starts_with("GET /there ") {
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        } else if head.starts_with("GET /here ") {
            "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
        } else {
            "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"
        };
        answer.as_bytes().to_vec()
    });
    let mut source = Source::open(&format!("http://{address}/here")).unwrap();
    assert_eq!(read_all(&mut source, 100).unwrap(), b"hello");
    assert_eq!(
        code(Source::open(&format!("http://{address}/again"))),
        "SOURCE_STATUS"
    );
}

#[test]
fn http_does_not_follow_to_https() {
    let secure = serve(|_| Vec::new());
    let answer =
        format!("HTTP/1.1 302 Found\r\nLocation: https://{secure}/\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(code(fetch(&answer)), "SOURCE_UNSUPPORTED");
}

/// A server of the bytes 0, 1, 2, … 255 that offers ranges and keeps to them only if `honest`.
fn ranges(honest: bool) -> Source {
    let address = serve(move |head| {
        let whole: Vec<u8> = (0..=255).collect();
        let range = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": bytes=")?;
            if !name.eq_ignore_ascii_case("range") {
                return None;
            }
            let (first, last) = value.trim().split_once('-')?;
            Some((first.parse::<usize>().ok()?, last.parse::<usize>().ok()?))
        });
        let (mut answer, body) = match range {
            Some((first, last)) => {
                let first = if honest { first } else { first + 1 };
                let head = format!(
                    "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {first}-{last}/256\r\n"
                );
                (head, whole[first..=last].to_vec())
            }
            None => (
                "HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\n".to_owned(),
                whole,
            ),
        };
        answer += &format!(
            "Connection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        [answer.into_bytes(), body].concat()
    });
    Source::open(&format!("http://{address}/image.oci")).unwrap()
}

#[test]
fn http_reads_ranges_while_it_reads_in_order() {
    let mut source = ranges(true);
    let mut range = [0; 4];
    source.read_at(100, &mut range).unwrap();
    assert_eq!(range, [100, 101, 102, 103]);
    assert_eq!(read_all(&mut source, 100).unwrap().len(), 256);
    source.read_at(0, &mut range).unwrap();
    assert_eq!(range, [0, 1, 2, 3]);
    source.read_at(300, &mut []).unwrap();
}

#[test]
fn http_refuses_a_range_that_was_not_asked_for() {
    assert_eq!(
        code(ranges(false).read_at(100, &mut [0; 4])),
        "SOURCE_STATUS"
    );
}

#[test]
fn http_whose_range_breaks_off_is_short_and_says_how_much_came() {
    let address = serve(|head| {
        let head = head.to_ascii_lowercase();
        let answer = if head.contains("range: bytes=0-8") {
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-8/9\r\nContent-Length: 9\r\n\r\nhello"
        } else {
            "HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nContent-Length: 9\r\n\r\nhello you"
        };
        answer.as_bytes().to_vec()
    });
    let source = Source::open(&format!("http://{address}/image.oci")).unwrap();
    let failure = source.read_at(0, &mut [0; 9]).unwrap_err();
    assert_eq!(failure.code, "SOURCE_SHORT");
    let end = "it ended after 5 bytes of 9";
    assert!(failure.message.ends_with(end), "{}", failure.message);
    assert!(failure.hint.is_some());
}
