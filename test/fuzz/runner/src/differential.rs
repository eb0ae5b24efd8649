//! The other reader: a Node process that reads each volume in TypeScript and in Rust, and says whether both see the same.
//!
//! A request is u64 size of the device in bytes, u32 number of blocks, then for each block that differs from the sample its
//! u32 number and 4096 bytes. The answer is u32 length and text: nothing when both agree, else what they do not agree on.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use cocon_fuzz_targets::recipe::Recipe;

/// A running reader.
pub struct OtherReader {
    requests: ChildStdin,
    answers: ChildStdout,
    // Ends with the fuzzer, whose pipes it reads.
    _process: Child,
}

impl OtherReader {
    /// Starts what `COCON_FUZZ_READER` says: a program and its arguments, parted by tabs.
    pub fn start() -> Self {
        let command = std::env::var("COCON_FUZZ_READER").expect("COCON_FUZZ_READER is set");
        let mut words = command.split('\t');
        let mut process = Command::new(words.next().unwrap_or_default())
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the other reader starts");
        Self {
            requests: process.stdin.take().expect("it has an input"),
            answers: process.stdout.take().expect("it has an output"),
            _process: process,
        }
    }

    /// Panics when the readers do not agree on the volume of this recipe.
    pub fn compare(&mut self, input: &[u8]) {
        let disk = Recipe::new(input).disk;
        let blocks = disk.changed_blocks();
        let mut request = disk.size.to_le_bytes().to_vec();
        request.extend((blocks.len() as u32).to_le_bytes());
        for block in blocks {
            request.extend((block as u32).to_le_bytes());
            request.extend_from_slice(disk.block(block));
        }
        self.requests
            .write_all(&request)
            .expect("the other reader listens");
        let mut length = [0; 4];
        self.answers
            .read_exact(&mut length)
            .expect("the other reader answers");
        let mut answer = vec![0; u32::from_le_bytes(length) as usize];
        self.answers
            .read_exact(&mut answer)
            .expect("the other reader answers");
        assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
    }
}
