//! Sources: files and pipes.

use std::fs;

use cocon_device::platform::Failure;
use cocon_device::platform::source::Source;

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
}
