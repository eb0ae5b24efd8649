//! An HTTP server that answers as a test says, also wrongly.

use core::net::SocketAddr;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Serves until the process ends; `answer` is given each request's head and returns the raw bytes of the answer, after
/// which the connection is closed.
pub fn serve(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            let head = read_head(&stream);
            // A client that has read enough goes away in the middle.
            stream.write_all(&answer(&head)).unwrap_or_default();
        }
    });
    address
}

/// Serves the bytes of `answer` to everybody, and then nothing more: connections stay open until the process ends.
pub fn serve_and_hold(answer: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            read_head(&stream);
            stream.write_all(&answer).unwrap_or_default();
            held.push(stream);
        }
    });
    address
}

fn read_head(stream: &TcpStream) -> String {
    let mut head = String::new();
    let mut lines = BufReader::new(stream);
    while lines.read_line(&mut head).unwrap() > 2 {}
    head
}
