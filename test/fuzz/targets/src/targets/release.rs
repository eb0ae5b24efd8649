//! release.json. Input: its bytes, as they are.

use core::fmt::Write;

use cocon_core::Release;
use cocon_core::release::Blob;

use crate::allocation::within;
use crate::sample::base;
use crate::target::{Target, as_it_is};

/// 64 KiB of JSON, of which strings are kept once.
const MEMORY: usize = 256 * 1024;

pub(crate) const TARGET: Target = Target {
    name: "release",
    longest: 2048,
    sample: || base("release"),
    repair: as_it_is,
    run,
};

fn run(input: &[u8]) {
    if let Ok(release) = within(MEMORY, || Release::parse(input)) {
        // Canonical: what is read has exactly one spelling.
        assert_eq!(encode(&release).as_bytes(), input);
    }
}

/// The canonical form (RFC 8785) of a release.
fn encode(release: &Release) -> String {
    let Release {
        architecture,
        attempts,
        command_line,
        device_trees,
        initrd,
        kernel,
        name,
        rootfs,
        security_version,
        version,
    } = release;
    let architecture = architecture.name();
    let mut json = format!(
        r#"{{"architecture":"{architecture}","attempts":{attempts},"commandLine":"{command_line}""#
    );
    if !device_trees.is_empty() {
        let trees: Vec<String> = device_trees
            .iter()
            .map(|tree| {
                let (name, rest) = (&tree.name, blob(&tree.blob));
                format!(r#"{{"name":"{name}",{rest}}}"#)
            })
            .collect();
        add(&mut json, "deviceTrees", &format!("[{}]", trees.join(",")));
    }
    add(&mut json, "format", r#""cocon.release/1""#);
    let whole = |file: &Blob| format!("{{{}}}", blob(file));
    if let Some(initrd) = initrd {
        add(&mut json, "initrd", &whole(initrd));
    }
    add(&mut json, "kernel", &whole(kernel));
    add(&mut json, "name", &format!("\"{name}\""));
    if let Some(rootfs) = rootfs {
        let verity = format!(
            r#"{{"rootHash":"{}",{}}}"#,
            rootfs.verity.root_hash,
            blob(&rootfs.verity.blob)
        );
        let fields = blob(&rootfs.blob);
        add(
            &mut json,
            "rootfs",
            &format!(r#"{{{fields},"verity":{verity}}}"#),
        );
    }
    add(&mut json, "securityVersion", &security_version.to_string());
    add(&mut json, "version", &format!("\"{version}\""));
    json + "}"
}

fn add(json: &mut String, field: &str, value: &str) {
    write!(json, r#","{field}":{value}"#).expect("writing to a string");
}

fn blob(Blob { sha256, size }: &Blob) -> String {
    format!(r#""sha256":"{sha256}","size":{size}"#)
}
