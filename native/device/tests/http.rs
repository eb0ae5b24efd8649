//! Single HTTP requests, to servers good and bad.

mod support;

use core::time::Duration;
use std::collections::BTreeMap;

use cocon_device::platform::Failure;
use cocon_device::platform::http::{self, Answer, SILENCE_LIMIT};
use support::{serve, serve_and_hold};

fn get(url: &str, silence: Duration) -> Result<Answer, Failure> {
    http::get(url, &BTreeMap::new(), silence)
}

/// Asks a server that answers with `answer`, whatever it is asked.
fn fetch(answer: &str) -> Result<Answer, Failure> {
    let answer = answer.to_owned();
    let address = serve(move |_| answer.clone().into_bytes());
    get(&format!("http://{address}/image.oci"), SILENCE_LIMIT)
}

/// All of a body, in pieces of `piece` bytes.
fn read_all(answer: &mut Answer, piece: usize) -> Result<Vec<u8>, Failure> {
    let mut all = Vec::new();
    let mut buffer = vec![0; piece];
    loop {
        match answer.read(&mut buffer)? {
            0 => return Ok(all),
            length => all.extend_from_slice(&buffer[..length]),
        }
    }
}

fn code<T>(result: Result<T, Failure>) -> &'static str {
    result.map(drop).unwrap_err().code
}

#[test]
fn an_answer_has_its_status_headers_and_body() {
    let mut answer = fetch(
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Twice: a\r\nETag: \"1\"\r\nX-Twice: b\r\n\r\nhello",
    )
    .unwrap();
    assert_eq!((answer.status, answer.status_text), (200, "OK"));
    assert_eq!(answer.headers["content-length"], "5");
    assert_eq!(answer.headers["etag"], "\"1\"");
    assert_eq!(answer.headers["x-twice"], "a, b");
    assert_eq!(read_all(&mut answer, 3).unwrap(), b"hello");
}

#[test]
fn headers_are_sent() {
    let address = serve(|head| {
        let has = head.contains("range: bytes=3-") && head.contains("authorization: Basic eA==");
        let status = if has { "200 OK" } else { "400 Bad Request" };
        format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    });
    let headers = [("range", "bytes=3-"), ("authorization", "Basic eA==")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let answer = http::get(&format!("http://{address}/"), &headers, SILENCE_LIMIT).unwrap();
    assert_eq!(answer.status, 200);
}

#[test]
fn every_status_is_an_answer_and_no_redirect_is_followed() {
    for (line, status) in [
        ("302 Found\r\nLocation: /there", 302),
        ("404 Not Found", 404),
        ("503 Service Unavailable\r\nRetry-After: 1", 503),
        ("206 Partial Content", 206),
        ("999 Whatever", 999),
    ] {
        let answer = fetch(&format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n")).unwrap();
        assert_eq!(answer.status, status);
    }
}

#[test]
fn a_body_in_chunks() {
    let answer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
    assert_eq!(
        read_all(&mut fetch(answer).unwrap(), 100).unwrap(),
        b"hello"
    );
}

#[test]
fn a_body_that_ends_early_is_broken_and_what_came_is_handed_over() {
    for framing in [
        "Content-Length: 9\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello",
    ] {
        let mut answer = fetch(&format!("HTTP/1.1 200 OK\r\n{framing}")).unwrap();
        let mut buffer = [0; 100];
        assert_eq!(answer.read(&mut buffer).unwrap(), 5);
        assert_eq!(code(answer.read(&mut buffer)), "HTTP_BROKEN");
    }
}

#[test]
fn a_server_that_falls_silent_is_named_so() {
    let silence = Duration::from_millis(500);
    for framing in [
        "Content-Length: 9\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ] {
        let address = serve_and_hold(format!("HTTP/1.1 200 OK\r\n{framing}").into_bytes());
        let mut answer = get(&format!("http://{address}/"), silence).unwrap();
        let failure = read_all(&mut answer, 100).unwrap_err();
        assert_eq!(failure.code, "HTTP_BROKEN");
        assert_eq!(failure.message, "nothing came for 0.5 s");
    }
    let address = serve_and_hold(Vec::new());
    let failure = get(&format!("http://{address}/"), silence)
        .map(drop)
        .unwrap_err();
    assert_eq!(failure.code, "HTTP_UNREACHABLE");
    assert_eq!(failure.message, "nothing came for 0.5 s");
}

#[test]
fn what_is_not_http_is_an_error() {
    let mut answer = fetch("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").unwrap();
    assert_eq!(code(read_all(&mut answer, 100)), "HTTP_PROTOCOL");
    assert_eq!(code(fetch("SSH-2.0-OpenSSH_9.2\r\n\r\n")), "HTTP_PROTOCOL");
}

#[test]
fn what_cannot_be_asked() {
    assert_eq!(
        code(get("https://127.0.0.1/", SILENCE_LIMIT)),
        "HTTP_UNSUPPORTED"
    );
    assert_eq!(code(get("http://", SILENCE_LIMIT)), "HTTP_UNSUPPORTED");
    assert_eq!(
        code(get("http://nowhere.invalid/", SILENCE_LIMIT)),
        "HTTP_UNREACHABLE"
    );
    // Port 1 is not in use; nothing has listened there since the seventies.
    assert_eq!(
        code(get("http://127.0.0.1:1/", SILENCE_LIMIT)),
        "HTTP_UNREACHABLE"
    );
    let closed = fetch("").map(drop).unwrap_err();
    assert_eq!(closed.code, "HTTP_UNREACHABLE");
    assert_eq!(
        closed.message,
        "the connection was closed before an answer came"
    );
}
