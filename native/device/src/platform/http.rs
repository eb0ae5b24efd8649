//! One HTTP request and its answer. What follows from it (redirects, further tries, ranges) is
//! decided by the program, in `cli/src/http`. TLS is left out: DESIGN.md says why.

use core::time::Duration;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};

use ureq::{Agent, Body};

use super::Failure;
use super::failure::reason;

/// Looking up the name and connecting.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// The longest silence before the connection counts as broken. `cli/src/http/node-transport.ts`
/// says why so long; the two have the same limit.
pub const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// An answer, whose body has not been read. Dropping it closes the connection.
pub struct Answer {
    /// Its status, 3xx included.
    pub status: u16,
    /// What the status line says of it besides.
    pub status_text: &'static str,
    /// By names in lower case; of several of one name, all with commas in between (RFC 9110 §5.3).
    pub headers: BTreeMap<String, String>,
    body: Box<dyn Read>,
    silence: Duration,
    /// How the body ended before its time, if it did.
    cut: Option<Failure>,
}

/// Sends a GET request for `url` with these headers and waits for the head of the answer. A server
/// that is silent for `silence` counts as gone. Fails with `HTTP_UNREACHABLE`, `HTTP_UNSUPPORTED`
/// or `HTTP_PROTOCOL`, and a reason.
pub fn get(
    url: &str,
    headers: &BTreeMap<String, String>,
    silence: Duration,
) -> Result<Answer, Failure> {
    // ureq would connect first, and find out then that it cannot go on.
    if url.starts_with("https:") {
        return Err(refused(&ureq::Error::TlsRequired, silence));
    }
    let mut request = agent(silence).get(url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let response = request.call().map_err(|error| refused(&error, silence))?;
    let status = response.status();
    let mut found = BTreeMap::new();
    for (name, value) in response.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        found
            .entry(name.as_str().to_owned())
            .and_modify(|all: &mut String| {
                all.push_str(", ");
                all.push_str(&value);
            })
            .or_insert_with(|| value.clone().into_owned());
    }
    Ok(Answer {
        status: status.as_u16(),
        status_text: status.canonical_reason().unwrap_or(""),
        headers: found,
        body: Box::new(body(response.into_body())),
        silence,
        cut: None,
    })
}

impl Answer {
    /// Fills as much of `into` as there is and returns how much; 0 at the end. Fails with
    /// `HTTP_BROKEN` when the connection goes away before the end that length or framing say, or is
    /// silent; else with `HTTP_PROTOCOL`.
    pub fn read(&mut self, into: &mut [u8]) -> Result<usize, Failure> {
        let mut filled = 0;
        while filled < into.len() && self.cut.is_none() {
            match self.body.read(&mut into[filled..]) {
                Ok(0) => break,
                Ok(length) => filled += length,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => self.cut = Some(self.ended(&error)),
            }
        }
        match &self.cut {
            Some(failure) if filled == 0 => Err(failure.clone()),
            // What came before is handed over first.
            _ => Ok(filled),
        }
    }

    fn ended(&self, error: &io::Error) -> Failure {
        use ErrorKind::{
            BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, TimedOut, UnexpectedEof,
        };
        match error.kind() {
            TimedOut => Failure::new("HTTP_BROKEN", silent(self.silence)),
            ConnectionAborted | ConnectionReset | UnexpectedEof | BrokenPipe | NotConnected => {
                Failure::new("HTTP_BROKEN", "it broke off")
            }
            _ => Failure::new("HTTP_PROTOCOL", reason(error)),
        }
    }
}

fn agent(silence: Duration) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_resolve(Some(CONNECT_LIMIT))
        .timeout_connect(Some(CONNECT_LIMIT))
        .timeout_recv_response(Some(silence))
        .timeout_per_read(Some(silence))
        .timeout_per_write(Some(silence))
        // What the environment says of proxies is not meant for a device's updates.
        .proxy(None)
        .build()
        .into()
}

/// A body, in which a silence is an error of its own kind: `TimedOut`.
fn body(body: Body) -> impl Read {
    struct Timed<R>(R);
    impl<R: Read> Read for Timed<R> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.0
                .read(into)
                .map_err(|error| match ureq::Error::from(error) {
                    ureq::Error::Timeout(_) => ErrorKind::TimedOut.into(),
                    error => error.into_io(),
                })
        }
    }
    Timed(body.into_reader())
}

fn silent(limit: Duration) -> String {
    format!("nothing came for {} s", limit.as_secs_f64())
}

/// Why no answer came, in the words of `cli/src/http/node-transport.ts`.
fn unanswered(error: &io::Error) -> String {
    use ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, UnexpectedEof,
    };
    match error.kind() {
        ConnectionRefused => "the connection was refused".to_owned(),
        ConnectionAborted | ConnectionReset | UnexpectedEof | BrokenPipe => {
            "the connection was closed before an answer came".to_owned()
        }
        _ => reason(error),
    }
}

fn refused(error: &ureq::Error, silence: Duration) -> Failure {
    let (code, why) = match error {
        ureq::Error::TlsRequired => {
            return Failure::new(
                "HTTP_UNSUPPORTED",
                "it leads to https, and a device fetches by http",
            )
            .hint("Give an http:// URL. Images are signed, so http is safe.");
        }
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => ("HTTP_UNSUPPORTED", error.to_string()),
        ureq::Error::HostNotFound => ("HTTP_UNREACHABLE", "no such host".to_owned()),
        ureq::Error::Io(error) => ("HTTP_UNREACHABLE", unanswered(error)),
        ureq::Error::Timeout(_) => ("HTTP_UNREACHABLE", silent(silence)),
        ureq::Error::ConnectionFailed => ("HTTP_UNREACHABLE", error.to_string()),
        _ => ("HTTP_PROTOCOL", error.to_string()),
    };
    let failure = Failure::new(code, why);
    if code == "HTTP_UNREACHABLE" {
        failure.hint("Check the network, and that the server runs.")
    } else {
        failure
    }
}
