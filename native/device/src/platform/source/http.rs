//! An `http://` URL. Ranges are there when the server offers them (RFC 9110 §14.3) and the length is known.

use core::time::Duration;
use std::io::{self, Read};

use ureq::http::header::{ACCEPT_RANGES, CONTENT_RANGE, RANGE};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body, ResponseExt};

use super::{Ranges, Source, ending, fill, short, unreadable};
use crate::platform::Failure;
use crate::platform::failure::reason;

/// Looking up the name and connecting.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// The longest silence before the connection counts as broken. `updater/src/node/http-source.ts` says why so long; the two
/// have the same limit.
pub(super) const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// Redirects that are followed.
const MAX_REDIRECTS: u32 = 5;

const USER_AGENT: &str = concat!("cocon-update/", env!("CARGO_PKG_VERSION"));

pub(super) fn open(url: &str, silence: Duration) -> Result<Source, Failure> {
    let agent = agent(silence);
    let response = agent
        .get(url)
        .call()
        .map_err(|error| refused(url, &error))?;
    if response.status() != StatusCode::OK {
        return Err(unwanted(url, response.status()));
    }
    let size = response.body().content_length();
    let offered = response
        .headers()
        .get(ACCEPT_RANGES)
        .is_some_and(|value| value == "bytes");
    let ranges: Option<Box<dyn Ranges>> = if offered && size.is_some() {
        Some(Box::new(HttpRanges {
            name: url.to_owned(),
            url: response.get_uri().to_string(),
            agent,
            silence,
        }))
    } else {
        None
    };
    Ok(Source::new(
        url,
        size,
        Box::new(body(response, silence)),
        ranges,
    ))
}

fn agent(silence: Duration) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(MAX_REDIRECTS)
        .timeout_resolve(Some(CONNECT_LIMIT))
        .timeout_connect(Some(CONNECT_LIMIT))
        .timeout_recv_response(Some(silence))
        .timeout_per_read(Some(silence))
        .timeout_per_write(Some(silence))
        // What the environment says of proxies is not meant for a device's updates.
        .proxy(None)
        .user_agent(USER_AGENT)
        .build()
        .into()
}

struct HttpRanges {
    name: String,
    /// Where redirects led.
    url: String,
    agent: Agent,
    silence: Duration,
}

impl Ranges for HttpRanges {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), Failure> {
        if into.is_empty() {
            return Ok(());
        }
        let last = offset + into.len() as u64 - 1;
        let request = self
            .agent
            .get(&self.url)
            .header(RANGE, format!("bytes={offset}-{last}"));
        let response = request
            .call()
            .map_err(|error| refused(&self.name, &error))?;
        if response.status() != StatusCode::PARTIAL_CONTENT {
            return Err(unwanted(&self.name, response.status()));
        }
        if !covers(&response, offset, last) {
            let message = format!(
                "Cannot read {}: the server did not send bytes {offset} to {last}",
                self.name
            );
            return Err(Failure::new("SOURCE_STATUS", message).hint("It says that it honours Range, and sends something else. Download the file, and stage that."));
        }
        let wanted = into.len() as u64;
        let (filled, cut) = fill(&mut body(response, self.silence), into, Some(wanted))
            .map_err(|error| unreadable(&self.name, &error))?;
        if filled == into.len() {
            return Ok(());
        }
        let how = cut.as_deref().unwrap_or(ending(Some(wanted)));
        Err(short(&self.name, how, filled as u64, Some(wanted)))
    }
}

/// A body, in which a silence is an error of its own kind: `TimedOut`.
fn body(response: Response<Body>, silence: Duration) -> impl Read {
    struct Timed<R>(R, Duration);
    impl<R: Read> Read for Timed<R> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.0
                .read(into)
                .map_err(|error| match ureq::Error::from(error) {
                    ureq::Error::Timeout(_) => silent(self.1),
                    error => error.into_io(),
                })
        }
    }
    Timed(response.into_body().into_reader(), silence)
}

fn silent(limit: Duration) -> io::Error {
    let why = format!("nothing came for {} s", limit.as_secs_f64());
    io::Error::new(io::ErrorKind::TimedOut, why)
}

/// Whether `Content-Range` is the range that was asked for (RFC 9110 §14.4).
fn covers(response: &Response<Body>, first: u64, last: u64) -> bool {
    let range = response
        .headers()
        .get(CONTENT_RANGE)
        .and_then(|value| value.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {first}-{last}/")))
}

fn unwanted(name: &str, status: StatusCode) -> Failure {
    Failure::new(
        "SOURCE_STATUS",
        format!("Cannot fetch {name}: the server answered {status}"),
    )
    .hint("Check the URL, and that the server has the image.")
}

fn refused(name: &str, error: &ureq::Error) -> Failure {
    let (code, why) = match error {
        ureq::Error::TlsRequired => (
            "SOURCE_UNSUPPORTED",
            "it leads to https, and a device fetches by http".to_owned(),
        ),
        ureq::Error::TooManyRedirects | ureq::Error::RedirectFailed => {
            ("SOURCE_STATUS", error.to_string())
        }
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => ("SOURCE_UNSUPPORTED", error.to_string()),
        ureq::Error::HostNotFound => ("SOURCE_UNREACHABLE", "no such host".to_owned()),
        ureq::Error::Io(error) => ("SOURCE_UNREACHABLE", reason(error)),
        ureq::Error::ConnectionFailed | ureq::Error::Timeout(_) => {
            ("SOURCE_UNREACHABLE", error.to_string())
        }
        _ => ("SOURCE_IO", error.to_string()),
    };
    let failure = Failure::new(code, format!("Cannot fetch {name}: {why}"));
    if code == "SOURCE_UNREACHABLE" {
        failure.hint("Check the network, and that the server runs.")
    } else {
        failure
    }
}
